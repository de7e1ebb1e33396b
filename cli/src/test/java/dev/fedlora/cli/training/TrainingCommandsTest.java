package dev.fedlora.cli.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.artifact.BuiltInModel;
import dev.fedlora.cli.artifact.ModelCache;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.examples.triage.SyntheticTriageNotes;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.quant.QuantizationType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingCommandsTest {
    @TempDir
    private static Path shared;

    private static Path base;
    private static Path train;
    private static Path test;

    @TempDir
    private Path folder;

    @BeforeAll
    static void prepare() throws IOException {
        base = new ModelCache(shared).gguf(BuiltInModel.ALL_MINILM_L6_V2, QuantizationType.Q8_0);
        SyntheticTriageNotes notes = new SyntheticTriageNotes(5);
        train = write("train.jsonl", notes.test(126)); // all labels
        test = write("test.jsonl", notes.test(63));
    }

    @Test
    void train_thenEval_learnsAndAgrees() {
        Path out = folder.resolve("adapter");
        CommandRun trained = train("--steps", 30, "--learning-rate", 3e-3, "--test", test, "--out", out, "--json");
        assertThat(trained.exitCode()).as(trained.err()).isZero();
        JsonNode json = trained.json();
        assertThat(json.get("steps").intValue()).isEqualTo(30);
        assertThat(json.get("examples").intValue()).isEqualTo(30 * 8); // nearly two passes, in full batches
        assertThat(json.get("accuracy").doubleValue()).isGreaterThan(0.5); // guessing gives a seventh
        CommandRun evaluated = CommandRun.of(
                "eval",
                "--base",
                base,
                "--adapter",
                json.get("adapter").get("peft").asText(),
                "--data",
                test,
                "--json");
        assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
        assertThat(evaluated.json().get("accuracy")).isEqualTo(json.get("accuracy"));
        assertThat(evaluated.json().get("labels")).hasSize(7);
    }

    @Test
    void train_noSteps_isOnePass() {
        JsonNode json = train("--out", folder.resolve("a"), "--json").json();
        assertThat(json.get("examples").intValue()).isEqualTo(126);
        assertThat(json.get("steps").intValue()).isEqualTo(16); // of 8, the last of 6
    }

    @Test
    void train_sameSeed_givesTheSameAdapter() throws IOException {
        train("--steps", 2, "--backend", "reference", "--threads", 1, "--out", folder.resolve("a"));
        train("--steps", 2, "--backend", "reference", "--threads", 3, "--out", folder.resolve("b"));
        assertThat(folder.resolve("a/adapter.gguf")).hasSameBinaryContentAs(folder.resolve("b/adapter.gguf"));
    }

    @Test
    void train_private_tellsEpsilonAndNoLoss() {
        CommandRun run = train("--steps", 5, "--dp-noise-multiplier", 1.1, "--out", folder.resolve("a"), "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("epsilon").doubleValue()).isBetween(0.5, 20.0);
        assertThat(run.json().has("loss")).isFalse();
        assertThat(run.err()).doesNotContain("loss");
        CommandRun accountant = CommandRun.of(
                "privacy",
                "epsilon",
                "--noise-multiplier",
                run.json().get("noiseMultiplier").asText(),
                "--sampling-rate",
                run.json().get("samplingRate").asText(),
                "--steps",
                5,
                "--delta",
                run.json().get("delta").asText(),
                "--noise",
                "discrete",
                "--json");
        assertThat(accountant.json().get("epsilon")).isEqualTo(run.json().get("epsilon"));
    }

    @Test
    void train_optionOutOfRange_isWrongUsage() {
        refusesUsage("rank must be at least 1, got 0", "--rank", 0);
        refusesUsage("alpha must be positive", "--alpha", -1);
        refusesUsage("--steps must be at least 1, got 0", "--steps", 0);
        refusesUsage("--batch must be at least 1, got 0", "--batch", 0);
        refusesUsage("learning rate must be positive", "--learning-rate", 0);
        refusesUsage("max tokens must be at least 3, got 2", "--max-tokens", 2);
        refusesUsage("no linear layer 'attn_x'", "--targets", "attn_x");
        refusesUsage("noise multiplier must be positive", "--dp-noise-multiplier", 0);
        refusesUsage("threads must be at least 1", "--threads", 0);
    }

    @Test
    void train_unknownLabelInTest_failsAndWritesNothing() throws IOException {
        Path strange = folder.resolve("strange.jsonl");
        Files.writeString(strange, "{\"text\": \"t\", \"label\": \"unheard\"}\n");
        CommandRun run = train("--test", strange, "--out", folder.resolve("a"));
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("strange.jsonl, line 1: label \"unheard\" is unknown");
        assertThat(folder.resolve("a")).doesNotExist();
    }

    @Test
    void eval_adapterOfAnotherBase_failsInOneLine() throws IOException {
        Path out = folder.resolve("a");
        train("--steps", 1, "--out", out);
        Path other = new ModelCache(folder).gguf(BuiltInModel.ALL_MINILM_L6_V2, QuantizationType.Q4_0);
        CommandRun run =
                CommandRun.of("eval", "--base", other, "--adapter", out.resolve("peft"), "--data", test, "--json");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("base");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void eval_adapterWithoutHead_saysSo() {
        Path out = folder.resolve("a");
        train("--steps", 1, "--out", out);
        CommandRun run =
                CommandRun.of("eval", "--base", base, "--adapter", out.resolve("adapter.gguf"), "--data", test);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("adapter.gguf: has no classifier head");
    }

    private void refusesUsage(String why, Object... options) {
        List<Object> all = new ArrayList<>(List.of("--out", folder.resolve("a")));
        all.addAll(List.of(options));
        CommandRun run = train(all.toArray());
        assertThat(run.exitCode()).as("%s: %s", List.of(options), run.err()).isEqualTo(2);
        assertThat(run.err()).contains(why);
        assertThat(folder.resolve("a")).doesNotExist();
    }

    private static CommandRun train(Object... options) {
        List<Object> arguments =
                new ArrayList<>(List.of("train", "--base", base, "--data", train, "--batch", 8, "--max-tokens", 64));
        List<Object> own = List.of(options);
        for (String repeated : List.of("--batch", "--max-tokens")) {
            if (own.contains(repeated)) {
                int index = arguments.indexOf(repeated);
                arguments.remove(index + 1);
                arguments.remove(index);
            }
        }
        arguments.addAll(own);
        return CommandRun.of(arguments.toArray());
    }

    private static Path write(String name, List<Example> examples) throws IOException {
        String lines = examples.stream()
                .map(e -> "{\"text\": \"%s\", \"label\": \"%s\"}".formatted(e.text(), e.label()))
                .collect(Collectors.joining("\n"));
        return Files.writeString(shared.resolve(name), lines);
    }
}
