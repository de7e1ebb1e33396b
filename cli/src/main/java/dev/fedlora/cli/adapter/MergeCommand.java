package dev.fedlora.cli.adapter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.AdapterFile;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.CleanEnd;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.merge.AdapterMerger;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code fedlora adapter merge}: a model that needs its adapter no more. */
@Command(name = "merge", description = "Write a base model with an adapter merged into its weights.")
final class MergeCommand extends AnsweringCommand {
    @Option(names = "--base", required = true, paramLabel = "FILE", description = "The GGUF base model.")
    private Path base;

    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "PATH",
            description = "A PEFT directory, a GGUF adapter, or an adapter as a coordinator stores it.")
    private Path path;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The GGUF model to write.")
    private Path out;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "How adapted matrices are stored: F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q6_K and others"
                    + " (default: as each is in the base). Other tensors are copied as they are.")
    private @Nullable QuantizationType type;

    @Option(
            names = "--adapter-scale",
            paramLabel = "S",
            defaultValue = "1",
            description = "What the adapter's part is multiplied by (default: ${DEFAULT-VALUE}).")
    private float scale;

    @Override
    protected Answer answer() throws IOException {
        CleanEnd end = new CleanEnd();
        try {
            return merge();
        } finally {
            end.allClosed();
        }
    }

    private Answer merge() throws IOException {
        if (type != null && !Quantizer.writes(type)) {
            throw wrongUsage("--type is %s, this version writes %s".formatted(type, Quantizer.writable()));
        }
        if (!Float.isFinite(scale)) {
            throw wrongUsage("--adapter-scale is " + scale + ", must be finite");
        }
        GgufFile opened = GgufFile.open(base);
        LoraAdapter adapter = AdapterFile.read(path, opened);
        new AdapterMerger(opened, adapter, scale, type).write(out);
        if (adapter.head() != null) {
            tell("note: a GGUF model holds no classifier head; the head is not in " + out);
        }
        GgufFile written = GgufFile.open(out);
        ObjectNode json = Answer.object();
        json.put("file", out.toString());
        json.put("tensors", adapter.factors().size());
        json.put("bytes", written.size());
        json.put("sha256", written.sha256());
        return Answer.of(
                json,
                "%s: %d tensors merged, %,d bytes, sha256 %s"
                        .formatted(out, adapter.factors().size(), written.size(), written.sha256()));
    }
}
