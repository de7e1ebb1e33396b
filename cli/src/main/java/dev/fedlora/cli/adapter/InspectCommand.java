package dev.fedlora.cli.adapter;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.AdapterFile;
import dev.fedlora.cli.artifact.AdapterForm;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora adapter inspect}: what an adapter changes, and in which model. */
@Command(name = "inspect", description = "Show what an adapter changes and which base model it is for.")
final class InspectCommand extends AnsweringCommand {
    @Parameters(
            paramLabel = "ADAPTER",
            description = "A PEFT directory, a GGUF adapter, or an adapter as a coordinator stores it.")
    private Path path;

    @Option(
            names = "--base",
            paramLabel = "FILE",
            description = "Its GGUF base model: checks that the adapter fits. Needed for GGUF adapters, and for PEFT"
                    + " directories that do not say their base.")
    private @Nullable Path base;

    @Override
    protected Answer answer() throws IOException {
        LoraAdapter adapter = AdapterFile.read(path, base == null ? null : GgufFile.open(base));
        AdapterForm form = AdapterForm.of(path);
        return Answer.of(json(adapter, form), text(adapter, form));
    }

    private static ObjectNode json(LoraAdapter adapter, AdapterForm form) {
        ObjectNode json = Answer.object();
        json.put("form", name(form));
        json.put("architecture", adapter.architecture());
        json.put("baseSha256", adapter.baseSha256());
        json.put("sha256", AdapterBytes.sha256(adapter));
        json.put("rank", adapter.spec().rank());
        json.put("alpha", adapter.spec().alpha());
        ArrayNode targets = json.putArray("targets");
        adapter.spec().targets().forEach(targets::add);
        json.put("parameters", adapter.parameterCount());
        if (adapter.head() != null) {
            ArrayNode labels = json.putArray("labels");
            adapter.head().labels().forEach(labels::add);
        }
        ArrayNode tensors = json.putArray("tensors");
        for (LoraFactors factors : adapter.factors()) {
            ObjectNode entry = tensors.addObject();
            entry.put("name", factors.tensor());
            entry.put("rank", factors.rank());
            entry.put("inputs", factors.inputs());
            entry.put("outputs", factors.outputs());
        }
        return json;
    }

    private static String text(LoraAdapter adapter, AdapterForm form) {
        List<String> lines = new ArrayList<>();
        lines.add("%s adapter for %s, rank %d, alpha %s, %,d parameters"
                .formatted(
                        name(form),
                        adapter.architecture(),
                        adapter.spec().rank(),
                        adapter.spec().alpha(),
                        adapter.parameterCount()));
        lines.add("adapter " + AdapterBytes.sha256(adapter));
        lines.add("base    " + adapter.baseSha256());
        if (adapter.head() != null) {
            lines.add("labels  " + adapter.head().labels());
        }
        for (LoraFactors factors : adapter.factors()) {
            lines.add("%-32s %d x %d".formatted(factors.tensor(), factors.outputs(), factors.inputs()));
        }
        return String.join(System.lineSeparator(), lines);
    }

    private static String name(AdapterForm form) {
        return form.name().toLowerCase(Locale.ROOT);
    }
}
