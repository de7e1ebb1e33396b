package dev.fedlora.cli.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training on prompts with responses, over a really trained small model. */
class TextTrainingCommandsTest {
    private static final String MODEL = "models/stories260K-Q8_0.gguf";

    @TempDir
    private Path folder;

    private Path data;

    @BeforeEach
    void prepare() throws IOException {
        List<String> lines = new ArrayList<>();
        String[] animals = {"cat", "dog", "bird", "fish"};
        for (int i = 0; i < 40; i++) {
            lines.add("{\"prompt\": \"What does the %s number %d like?\", \"response\": \"It likes to eat %d apples.\"}"
                    .formatted(animals[i % 4], i, i % 7));
        }
        data = Files.write(folder.resolve("data.jsonl"), lines);
    }

    @Test
    void train_thenEval_foretellsBetterThanTheBaseAndAgrees() {
        Path out = folder.resolve("out");
        CommandRun trained = train("--steps", 30, "--learning-rate", 5e-3, "--test", data, "--out", out, "--json");
        assertThat(trained.exitCode()).as(trained.err()).isZero();
        JsonNode json = trained.json();
        assertThat(json.get("examples").intValue()).isEqualTo(30 * 8);
        assertThat(json.get("tokensPerSecond").doubleValue()).isPositive();
        assertThat(trained.err()).contains("tokens/s").contains("loss");
        JsonNode base = eval().json();
        JsonNode adapted = eval("--adapter", out.resolve("adapter.gguf")).json();
        assertThat(adapted.get("perplexity")).isEqualTo(json.get("perplexity"));
        assertThat(adapted.get("tokens")).isEqualTo(json.get("testTokens")).isEqualTo(base.get("tokens"));
        assertThat(adapted.get("loss")).isEqualTo(json.get("testLoss"));
        assertThat(adapted.get("perplexity").doubleValue())
                .isLessThan(base.get("perplexity").doubleValue() / 4);
    }

    @Test
    void train_anyThreadsAndMemory_givesTheSameAdapter() throws IOException {
        Object[] variant = {"--steps", 3, "--dropout", 0.1, "--schedule", "cosine", "--warmup", 1};
        train(with(variant, "--threads", 1, "--out", folder.resolve("a")));
        train(with(variant, "--threads", 3, "--memory", "40MB", "--out", folder.resolve("b")));
        assertThat(folder.resolve("a/adapter.gguf")).hasSameBinaryContentAs(folder.resolve("b/adapter.gguf"));
    }

    @Test
    void train_frozenAAndRankStabilized_trainsBAlone() {
        JsonNode both =
                train("--steps", 1, "--out", folder.resolve("a"), "--json").json();
        CommandRun run = train("--steps", 2, "--freeze-a", "--rank-stabilized", "--out", folder.resolve("b"), "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        // of q and v, 64 x 64 and 32 x 64, in 5 blocks
        assertThat(both.get("parameters").intValue()).isEqualTo(5 * 8 * (64 + 64 + 32 + 64));
        assertThat(run.json().get("parameters").intValue()).isEqualTo(5 * 8 * (64 + 32));
    }

    @Test
    void train_checkpoint_goesOnOrIsRefused() throws IOException {
        Path state = folder.resolve("state");
        train("--steps", 4, "--checkpoint", state, "--out", folder.resolve("a"));
        assertThat(state.resolve("checkpoint.safetensors")).exists();
        CommandRun again = train("--steps", 4, "--checkpoint", state, "--out", folder.resolve("b"));
        assertThat(again.exitCode()).as(again.err()).isZero();
        assertThat(folder.resolve("a/adapter.gguf")).hasSameBinaryContentAs(folder.resolve("b/adapter.gguf"));
        CommandRun other = train("--steps", 5, "--checkpoint", state, "--out", folder.resolve("c"));
        assertThat(other.exitCode()).isEqualTo(1);
        assertThat(other.err()).contains("checkpoint.safetensors: is of another training: its plan is");
        assertThat(folder.resolve("c")).doesNotExist();
    }

    @Test
    void train_packed_takesSoManySteps() {
        JsonNode json = train("--steps", 5, "--pack", "--out", folder.resolve("a"), "--json")
                .json();
        assertThat(json.get("steps").intValue()).isEqualTo(5);
        assertThat(json.get("tokens").intValue()).isBetween(5 * (8 * 64 - 64), 5 * 8 * 64);
    }

    @Test
    void train_private_tellsEpsilonAndNothingOfTheData() {
        CommandRun run = train("--steps", 3, "--dp-noise-multiplier", 1.1, "--out", folder.resolve("a"), "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("epsilon").doubleValue()).isBetween(0.5, 20.0);
        assertThat(run.json().has("loss")).isFalse();
        assertThat(run.json().has("tokens")).isFalse();
        assertThat(run.err()).doesNotContain("loss").doesNotContain("tokens");
    }

    @Test
    void train_optionThatMakesNoSense_isWrongUsage() {
        refusesUsage("DoRA is not supported", "--dora");
        refusesUsage("--schedule must be constant or cosine, got linear", "--schedule", "linear");
        refusesUsage("dropout must be in [0, 1), got 1.0", "--dropout", 1);
        refusesUsage("warm-up steps must be at least 0, got -1", "--warmup", -1);
        refusesUsage("--memory must be a size", "--memory", "much");
        refusesUsage("a memory budget of 1 MB is too small: training here takes at least", "--memory", "1MB");
        refusesUsage("--checkpoint-every must be at least 1", "--checkpoint-every", 0);
        refusesUsage("template nice is unknown, allowed are", "--template", "nice");
        refusesUsage("max tokens must be at least 4, got 3", "--max-tokens", 3);
        Path state = folder.resolve("state");
        refusesUsage("--checkpoint does not go with", "--dp-noise-multiplier", 1, "--checkpoint", state);
        refusesUsage("--pack does not go with", "--dp-noise-multiplier", 1, "--pack");
        assertThat(state).doesNotExist();
    }

    @Test
    void train_dataOfAnotherKind_failsInOneLine() throws IOException {
        Path neither = Files.writeString(folder.resolve("neither.jsonl"), "{\"question\": \"q\"}\n");
        assertFails(
                CommandRun.of("train", "--base", Shared.path(MODEL), "--data", neither, "--out", folder.resolve("a")),
                "neither.jsonl, line 1: has neither \"text\" and \"label\" nor \"prompt\" and \"response\"");
        Path half = Files.writeString(folder.resolve("half.jsonl"), "{\"prompt\": \"q\"}\n");
        assertFails(
                CommandRun.of("train", "--base", Shared.path(MODEL), "--data", half, "--out", folder.resolve("a")),
                "half.jsonl, line 1: lacks the field \"response\"");
        Path labelled = Files.writeString(folder.resolve("labelled.jsonl"), "{\"text\": \"t\", \"label\": \"l\"}\n");
        assertFails(train("--test", labelled, "--out", folder.resolve("a")), "labelled.jsonl, line 1: lacks the field");
        CommandRun run = CommandRun.of("eval", "--base", Shared.path(MODEL), "--data", labelled);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("texts with labels need an --adapter");
    }

    private void assertFails(CommandRun run, String why) {
        assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
        assertThat(run.err()).contains(why);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(folder.resolve("a")).doesNotExist();
    }

    private void refusesUsage(String why, Object... options) {
        CommandRun run = train(with(options, "--out", folder.resolve("a")));
        assertThat(run.exitCode()).as("%s: %s", List.of(options), run.err()).isEqualTo(2);
        assertThat(run.err()).contains(why);
        assertThat(folder.resolve("a")).doesNotExist();
    }

    private CommandRun eval(Object... options) {
        Object[] common = {
            "eval", "--base", Shared.path(MODEL), "--data", data, "--max-tokens", 64, "--backend", "vector", "--json"
        };
        return CommandRun.of(with(common, options));
    }

    private CommandRun train(Object... options) {
        List<Object> all = new ArrayList<>(
                List.of("train", "--base", Shared.path(MODEL), "--data", data, "--batch", 8, "--backend", "vector"));
        if (!List.of(options).contains("--max-tokens")) {
            all.addAll(List.of("--max-tokens", 64));
        }
        all.addAll(List.of(options));
        return CommandRun.of(all.toArray());
    }

    private static Object[] with(Object[] first, Object... then) {
        List<Object> all = new ArrayList<>(List.of(first));
        all.addAll(List.of(then));
        return all.toArray();
    }
}
