package dev.fedlora.cli.task;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.cli.artifact.TaskFile;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.client.testing.TinyLlamaFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskCommandsTest {
    private static final String LEAST = "{task: wards, federation: north, rounds: 2, aggregation: {weightCap: 10}";

    @TempDir
    private Path folder;

    private Path data = Path.of("");
    private Path out = Path.of("");

    @BeforeEach
    void writeFiles() throws IOException {
        TinyBertFile.write(folder.resolve("base.gguf"), 3);
        data = TinyBertFile.writeJsonl(folder.resolve("data.jsonl"), TinyBertFile.examples("one", 12, 1));
        out = folder.resolve("task.json");
    }

    @Test
    void create_shortDraft_completesTaskAndPrintsItsHash() throws IOException {
        CommandRun run = create(LEAST + "}", "--labels-from", data, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        TaskSpec task = TaskFile.read(out);
        JsonNode json = run.json();
        assertThat(json.get("hash").asText()).isEqualTo(task.hash().hex());
        assertThat(task.labels()).isEqualTo(TinyBertFile.LABELS);
        assertThat(task.architecture()).isEqualTo("bert");
        assertThat(task.adapter().rank()).isEqualTo(8);
    }

    @Test
    void create_completeTaskAsYaml_isReadToo() throws IOException {
        create(LEAST + "}", "--labels-from", data);
        Path yaml = Files.copy(out, folder.resolve("task.yaml")); // JSON is YAML
        assertThat(TaskFile.read(yaml)).isEqualTo(TaskFile.read(out));
    }

    @Test
    void create_budgetWithoutNoise_findsTheLeastNoise() throws IOException {
        String draft = "{task: wards, federation: north, rounds: 3, labels: [ask, tell], privacy: {epsilon: 3,"
                + " delta: 1.0e-5, gradientClip: 1, samplingRate: 0.05, stepsPerRound: 4}}";
        CommandRun run = create(draft);
        assertThat(run.exitCode()).as(run.err()).isZero();
        PrivacySpec privacy = Objects.requireNonNull(TaskFile.read(out).privacy());
        CommandRun cost = CommandRun.of(
                "privacy",
                "epsilon",
                "--noise-multiplier",
                privacy.noiseMultiplier(),
                "--sampling-rate",
                0.05,
                "--steps",
                12,
                "--delta",
                1e-5,
                "--noise",
                "discrete",
                "--json");
        // the search stops within one part in a million of the budget, below it
        assertThat(cost.json().get("epsilon").asDouble()).isBetween(3 * (1 - 1e-6), 3.0);
    }

    @Test
    void create_sixMistakes_tellsAllAndWritesNothing() {
        String draft = """
                task: "a task"
                rounds: 0
                labels: [one]
                maxToken: 5
                adapter: {targets: [nothing]}
                aggregation: {weightCap: 5, corruptClients: 2}
                """;
        CommandRun run = create(draft);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err())
                .contains("federation: missing")
                .contains("rounds: expected a whole number from 1")
                .contains("maxToken: there is no such field")
                .contains("adapter.targets: ")
                .contains("task must be 1 to 100 letters")
                .contains("labels must be none or at least two")
                .contains("aggregation.minimumSurvivors must exceed corruptClients");
        assertThat(run.err().lines()).hasSize(7);
        assertThat(out).doesNotExist();
    }

    @Test
    void create_noLabelsAnywhere_saysWhereTheyMayComeFrom() {
        CommandRun run = create(LEAST + "}");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("labels: missing").contains("--labels-from");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void create_noneAsLabels_makesATaskThatAnswersPrompts() throws IOException {
        TinyLlamaFile.write(folder.resolve("base.gguf"), 3);
        CommandRun run = create(LEAST + ", labels: none, template: lines}");
        assertThat(run.exitCode()).as(run.err()).isZero();
        TaskSpec task = TaskFile.read(out);
        assertThat(task.generates()).isTrue();
        assertThat(task.template()).isEqualTo("lines");
        create(LEAST + ", labels: none}");
        assertThat(TaskFile.read(out).template()).isEqualTo("auto");
        assertThat(out).content().doesNotContain("template");
    }

    @Test
    void create_promptsOverABaseThatCannotAnswer_areRefusedByName() throws IOException {
        assertThat(create(LEAST + ", labels: none}").err())
                .contains("labels: none is for base models that predict tokens, and a bert model predicts none")
                .hasLineCount(1);
        TinyLlamaFile.write(folder.resolve("base.gguf"), 3);
        assertThat(create(LEAST + ", labels: none, template: morse}").err())
                .contains("template: template morse is unknown, allowed are [auto, plain, ")
                .hasLineCount(1);
        assertThat(create(LEAST + ", labels: [a, b], template: plain}").err())
                .contains("template must be left out where there are labels")
                .hasLineCount(1);
        assertThat(out).doesNotExist();
    }

    @Test
    void create_draftThatIsNoYaml_namesFileAndLine() {
        CommandRun run = create("task: [");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("draft.yaml").contains("line ");
    }

    @Test
    void show_nameThatIsNone_isWrongUsage() {
        CommandRun run = CommandRun.of("task", "show", "../x", "--url", "http://127.0.0.1:1");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("'../x'");
    }

    private CommandRun create(String draft, Object... more) {
        try {
            Files.writeString(folder.resolve("draft.yaml"), draft);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        Object[] first = {
            "task", "create", "-f", folder.resolve("draft.yaml"), "--base", folder.resolve("base.gguf"), "--out", out
        };
        Object[] arguments = java.util.Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, arguments, first.length, more.length);
        return CommandRun.of(arguments);
    }
}
