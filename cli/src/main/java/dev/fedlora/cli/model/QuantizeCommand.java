package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.CleanEnd;
import dev.fedlora.cli.command.ProgressLine;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.ModelQuantizer;
import dev.fedlora.lora.gguf.StoragePlan;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora model quantize}: a GGUF model again, its weights stored as another type. */
@Command(
        name = "quantize",
        description = "Store a GGUF model's weights as another type, with the bytes that llama.cpp's quantizer gives.")
final class QuantizeCommand extends AnsweringCommand {
    private static final int MOST_SHOWN = 5; // tensors that fell back, for people

    @Parameters(paramLabel = "IN", description = "A GGUF model of any type that can be read.")
    private Path in;

    @Option(
            names = "--type",
            required = true,
            paramLabel = "TYPE",
            description = "How weights are stored: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K or Q6_K."
                    + " Q4_K and Q5_K are llama.cpp's Q4_K_M and Q5_K_M.")
    private QuantizationType type;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The GGUF file to write.")
    private Path out;

    @Option(names = "--threads", paramLabel = "N", description = "Worker threads (default: one a processor core).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Override
    protected Answer answer() throws IOException {
        CleanEnd end = new CleanEnd();
        try {
            return quantize();
        } finally {
            end.allClosed();
        }
    }

    private Answer quantize() throws IOException {
        if (!Quantizer.writes(type)) {
            throw wrongUsage("--type is %s, this version writes %s".formatted(type, Quantizer.writable()));
        }
        if (threads < 1) {
            throw wrongUsage("--threads must be at least 1, got " + threads);
        }
        GgufFile model = GgufFile.open(in);
        StoragePlan plan = quantize(model);
        GgufFile written = GgufFile.open(out);
        List<StoragePlan.Choice> fallen = plan.choices().stream()
                .filter(choice -> choice.unfitting().isPresent())
                .toList();
        return Answer.of(json(plan, fallen, written), text(plan, fallen, model, written));
    }

    private StoragePlan quantize(GgufFile model) throws IOException {
        warnOfRoundingTwice(model);
        ProgressLine line = new ProgressLine(progress());
        try {
            return ModelQuantizer.quantize(
                    model,
                    type,
                    out,
                    threads,
                    (done, all, choice) -> line.show(
                            done,
                            all,
                            "tensor %d of %d: %s, %s to %s"
                                    .formatted(
                                            done,
                                            all,
                                            choice.tensor().name(),
                                            choice.tensor().type(),
                                            choice.type())));
        } finally {
            line.clear();
        }
    }

    private void warnOfRoundingTwice(GgufFile model) {
        List<StoragePlan.Choice> again = StoragePlan.of(model.tensors(), type).choices().stream()
                .filter(choice -> choice.changes() && choice.tensor().type().blockSize() > 1)
                .toList();
        if (!again.isEmpty()) {
            tell(
                    "tensors that are quantized already: %d, the first %s; their rounding errors stay, and new ones are added"
                            .formatted(again.size(), again.get(0).tensor().name()));
        }
    }

    private ObjectNode json(StoragePlan plan, List<StoragePlan.Choice> fallen, GgufFile written) {
        ObjectNode json = Answer.object();
        json.put("file", out.toString());
        json.put("type", type.toString());
        json.put("bytes", written.size());
        json.put("sha256", written.sha256());
        ObjectNode tensors = json.putObject("tensors");
        counts(plan).forEach((stored, count) -> tensors.put(stored.toString(), count));
        ArrayNode fallbacks = json.putArray("fallbacks");
        for (StoragePlan.Choice choice : fallen) {
            ObjectNode entry = fallbacks.addObject();
            entry.put("tensor", choice.tensor().name());
            entry.put("columns", choice.tensor().columns());
            entry.put("unfitting", choice.unfitting().orElseThrow().toString());
            entry.put("type", choice.type().toString());
        }
        return json;
    }

    private String text(StoragePlan plan, List<StoragePlan.Choice> fallen, GgufFile model, GgufFile written) {
        List<String> lines = new ArrayList<>();
        lines.add("%s: %,d bytes of %,d, sha256 %s".formatted(out, written.size(), model.size(), written.sha256()));
        lines.add(counts(plan).entrySet().stream()
                .map(entry -> "%d %s".formatted(entry.getValue(), entry.getKey()))
                .collect(Collectors.joining(", ", "tensors: ", "")));
        for (StoragePlan.Choice choice :
                fallen.subList(0, fallen.size() > MOST_SHOWN + 1 ? MOST_SHOWN : fallen.size())) {
            QuantizationType unfitting = choice.unfitting().orElseThrow();
            lines.add("%s: rows of %d values are no whole blocks of %s (%d values), stored as %s"
                    .formatted(
                            choice.tensor().name(),
                            choice.tensor().columns(),
                            unfitting,
                            unfitting.blockSize(),
                            choice.type()));
        }
        if (fallen.size() > MOST_SHOWN + 1) {
            lines.add("and %d more tensors likewise; --json names all".formatted(fallen.size() - MOST_SHOWN));
        }
        return String.join(System.lineSeparator(), lines);
    }

    private static Map<QuantizationType, Integer> counts(StoragePlan plan) {
        Map<QuantizationType, Integer> counts = new TreeMap<>();
        plan.choices().forEach(choice -> counts.merge(choice.type(), 1, Integer::sum));
        return counts;
    }
}
