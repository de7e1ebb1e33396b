package dev.fedlora.cli.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.benchmarks.training.ModelShape;
import dev.fedlora.benchmarks.training.RandomModel;
import dev.fedlora.benchmarks.training.TrainingBenchmark;
import dev.fedlora.benchmarks.training.TrainingBenchmark.Result;
import dev.fedlora.benchmarks.training.TrainingBenchmark.Settings;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ByteSize;
import dev.fedlora.cli.command.CleanEnd;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.lora.tensor.MatrixBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora bench train}: tokens a second of a LoRA training step. */
@Command(
        name = "train",
        description = {
            "Measure LoRA training: rank 8 on queries, keys, values and attention output, loss over the whole vocabulary at"
                    + " every position, AdamW. A named shape is filled with random weights in Q4_0. The result is checked.",
            "",
            "benchmarks/pytorch-peer does the same job in PyTorch and compares the two."
        })
final class TrainCommand extends AnsweringCommand {
    private static final String FILE_SUFFIX = ".gguf";
    private static final long SEED = 1;

    @Mixin
    private ComputeOptions compute = new ComputeOptions();

    @Option(
            names = "--shape",
            paramLabel = "SHAPE",
            defaultValue = "smollm2-135m",
            description = "smollm2-135m, tinyllama-1.1b, tiny, or a model's FILE.gguf (default: ${DEFAULT-VALUE}).")
    private String shape = "smollm2-135m";

    @Option(
            names = "--batch",
            paramLabel = "B",
            defaultValue = "2",
            description = "Sequences a step (default: ${DEFAULT-VALUE}).")
    private int batch = 2;

    @Option(
            names = "--tokens",
            paramLabel = "T",
            defaultValue = "256",
            description = "Tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int tokens = 256;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "10",
            description = "Steps that are measured (default: ${DEFAULT-VALUE}).")
    private int steps = 10;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "3",
            description = "Steps before them, while Java compiles (default: ${DEFAULT-VALUE}).")
    private int warmUp = 3;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "Budget for activations, gradients and scratch, such as 500MB (default: none).")
    private @Nullable String memory;

    @Override
    protected Answer answer() throws IOException, InterruptedException {
        CleanEnd end = new CleanEnd();
        try {
            return measure();
        } finally {
            end.allClosed();
        }
    }

    private Answer measure() throws IOException, InterruptedException {
        Settings settings = fromOptions(() -> new Settings(
                batch, tokens, warmUp, steps, compute.threads(), memory == null ? 0 : ByteSize.of("--memory", memory)));
        MatrixBackend backend = fromOptions(compute::backend);
        if (shape.endsWith(FILE_SUFFIX)) {
            return answer(TrainingBenchmark.run(Path.of(shape), backend, settings, this::tell), settings);
        }
        ModelShape known = fromOptions(() -> ModelShape.of(shape));
        Path folder = Files.createTempDirectory("fedlora-bench");
        Path file = folder.resolve(shape + FILE_SUFFIX);
        try {
            tell("writing random weights");
            RandomModel.write(known, SEED, file);
            return answer(TrainingBenchmark.run(file, backend, settings, this::tell), settings);
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
    }

    private Answer answer(Result result, Settings settings) {
        ObjectNode json = Answer.object();
        json.put("tokensPerSecond", result.tokensPerSecond());
        json.put("bestTokensPerSecond", result.bestTokensPerSecond());
        result.peakResidentBytes()
                .ifPresentOrElse(
                        bytes -> json.put("peakResidentBytes", bytes), () -> json.putNull("peakResidentBytes"));
        json.put("backend", result.backend());
        json.put("shape", shape);
        json.put("batch", settings.batch());
        json.put("tokens", settings.tokens());
        json.put("threads", result.plan().workers());
        json.put("activations", result.plan().policy().name().toLowerCase(Locale.ROOT));
        json.put("firstLoss", result.firstLoss());
        json.put("lastLoss", result.lastLoss());
        json.put("measuredLoss", result.measuredLoss());
        json.put("checkedLoss", result.checkedLoss());
        json.put("machine", Machine.processor());
        json.put("processors", Runtime.getRuntime().availableProcessors());
        json.put("java", System.getProperty("java.version"));
        json.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        return Answer.of(json, text(result, settings));
    }

    private String text(Result result, Settings settings) {
        String peak = result.peakResidentBytes().isPresent()
                ? "%.2f GB resident at most"
                        .formatted(result.peakResidentBytes().getAsLong() / 1e9)
                : "resident memory unknown";
        return """
                %s, %d x %d tokens a step, %s, %d threads: %.0f tokens/s (median of %d steps; best %.0f), %s
                loss %.4f -> %.4f; in float the trained adapter's is %.4f, here %.4f
                Java %s on %s, %d processors""".formatted(
                        shape,
                        settings.batch(),
                        settings.tokens(),
                        result.backend(),
                        result.plan().workers(),
                        result.tokensPerSecond(),
                        settings.steps(),
                        result.bestTokensPerSecond(),
                        peak,
                        result.firstLoss(),
                        result.lastLoss(),
                        result.checkedLoss(),
                        result.measuredLoss(),
                        System.getProperty("java.version"),
                        Machine.processor(),
                        Runtime.getRuntime().availableProcessors());
    }
}
