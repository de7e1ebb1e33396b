package dev.fedlora.peer;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code run}: tokens a second of a LoRA training step in PyTorch. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description =
                "Measure LoRA training in PyTorch: rank 8 on queries, keys, values and attention output of a model with"
                        + " random weights, loss over the whole vocabulary at every position, AdamW. The result is checked.")
final class RunCommand implements Callable<Integer> {
    @Mixin
    private JobOptions options = new JobOptions();

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "bf16",
            description = "What the base is stored and multiplied in, bf16 or f32 (default: ${DEFAULT-VALUE}).")
    private BaseType type = BaseType.BF16;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Job job = PytorchPeer.fromOptions(spec.commandLine(), () -> options.job(type));
        Measurement measurement = TrainingStep.measure(job);
        measurement.check();
        if (measurement.isDisturbed()) {
            spec.commandLine()
                    .getErr()
                    .printf(
                            "run: only %.2f processors were to be had for %d threads; measure again on a machine that does nothing else%n",
                            measurement.processorsUsed(), job.threads());
        }
        spec.commandLine().getOut().println(json ? json(measurement) : text(measurement));
        return 0;
    }

    private static ObjectNode json(Measurement measurement) throws IOException {
        Job job = measurement.job();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("tokensPerSecond", measurement.tokensPerSecond());
        json.put("bestTokensPerSecond", measurement.bestTokensPerSecond());
        json.put("peakResidentBytes", Host.peakResidentBytes());
        json.put("backend", library());
        json.put("type", job.type().toString());
        json.put("shape", job.shape().label());
        json.put("batch", job.batch());
        json.put("tokens", job.tokens());
        json.put("threads", job.threads());
        json.put("processorsUsed", measurement.processorsUsed());
        json.put("firstLoss", measurement.firstLoss());
        json.put("lastLoss", measurement.lastLoss());
        measurement.secondsPerStep().forEach(json.putArray("secondsPerStep")::add);
        json.put("machine", Host.processor());
        json.put("processors", Runtime.getRuntime().availableProcessors());
        json.put("java", System.getProperty("java.version"));
        json.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        return json;
    }

    private static String text(Measurement measurement) throws IOException {
        Job job = measurement.job();
        return """
                %s, %d x %d tokens a step, %s %s, %d threads: %.0f tokens/s (median of %d steps; best %.0f), %.2f GB resident at most
                loss %.4f -> %.4f
                seconds a step: %s
                Java %s on %s, %d processors""".formatted(
                        job.shape().label(),
                        job.batch(),
                        job.tokens(),
                        library(),
                        job.type(),
                        job.threads(),
                        measurement.tokensPerSecond(),
                        job.steps(),
                        measurement.bestTokensPerSecond(),
                        Host.peakResidentBytes() / 1e9,
                        measurement.firstLoss(),
                        measurement.lastLoss(),
                        String.join(
                                " ",
                                measurement.secondsPerStep().stream()
                                        .map("%.3f"::formatted)
                                        .toList()),
                        System.getProperty("java.version"),
                        Host.processor(),
                        Runtime.getRuntime().availableProcessors());
    }

    /** As the library that is loaded says it, so that one that was swapped by mistake shows. */
    private static String library() {
        String config = torch.show_config().getString();
        String version = config.replaceAll("(?s).*TORCH_VERSION=([^,\\s]+).*", "$1");
        String blas = config.replaceAll("(?s).*BLAS_INFO=([^,\\s]+).*", "$1");
        return "PyTorch " + version + " (" + blas + ")";
    }
}
