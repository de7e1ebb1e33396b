package dev.fedlora.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code compare}: both programs by turns, each run in a process of its own. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description = "Measure fedlora bench train and the same job in PyTorch by turns, and say how many times as fast"
                + " fedlora is.")
final class CompareCommand implements Callable<Integer> {
    @Mixin
    private JobOptions options = new JobOptions();

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            split = ",",
            defaultValue = "bf16",
            description = "PyTorch's types to compare with, such as bf16,f32 (default: ${DEFAULT-VALUE}).")
    private List<BaseType> types = List.of(BaseType.BF16);

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "What fedlora computes with (default: ${DEFAULT-VALUE}).")
    private String backend = "auto";

    @Option(
            names = "--pairs",
            paramLabel = "N",
            defaultValue = "3",
            description = "Times that every program runs (default: ${DEFAULT-VALUE}).")
    private int pairs = 3;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Job job = PytorchPeer.fromOptions(spec.commandLine(), () -> options.job(types.get(0)));
        Comparison comparison = new Comparison(job, types);
        for (int pair = 0; pair < Math.max(1, pairs); pair++) {
            // the other way around every time, so that nobody always runs on the warmer machine
            if (pair % 2 == 0) {
                comparison.addFedlora(fedlora(job));
                addPeers(comparison, job);
            } else {
                addPeers(comparison, job);
                comparison.addFedlora(fedlora(job));
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println(json ? comparison.json() : comparison.text());
        return 0;
    }

    private void addPeers(Comparison comparison, Job job) throws IOException, InterruptedException {
        for (BaseType type : types) {
            comparison.addPeer(type, run(home().resolve("run"), List.of("--type", type.toString()), job));
        }
    }

    private JsonNode fedlora(Job job) throws IOException, InterruptedException {
        Path launcher = home().resolve("../../fedlora").normalize();
        return run(launcher, List.of("bench", "train", "--backend", backend), job);
    }

    private JsonNode run(Path program, List<String> first, Job job) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(first);
        command.addAll(JobOptions.arguments(job));
        command.add("--json");
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int exitCode = process.waitFor();
        if (exitCode != 0) {
            throw new IOException("%s ended with exit code %d".formatted(String.join(" ", command), exitCode));
        }
        JsonNode result = new ObjectMapper().readTree(answer);
        spec.commandLine()
                .getErr()
                .printf(
                        "%s %s: %.0f tokens/s%n",
                        result.path("backend").asText(),
                        result.path("type").asText(),
                        result.path("tokensPerSecond").asDouble());
        return result;
    }

    /** The folder of the two scripts. */
    private static Path home() {
        return Path.of(System.getProperty("peer.home", "."));
    }
}
