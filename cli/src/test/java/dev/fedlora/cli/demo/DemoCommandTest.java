package dev.fedlora.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.artifact.BuiltInModel;
import dev.fedlora.cli.artifact.ModelCache;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.testing.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoCommandTest {
    @TempDir
    private static Path models;

    private static Path base;

    @TempDir
    private Path folder;

    @BeforeAll
    static void convert() throws IOException {
        base = new ModelCache(models).gguf(BuiltInModel.ALL_MINILM_L6_V2, OpenedBase.BUILT_IN_TYPE);
    }

    @Test
    void demo_threeClientsTwoRounds_answersWithTheFieldsThatArePromised() {
        CommandRun run = demo("--clients", 3, "--rounds", 2, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode json = run.json();
        assertThat(fields(json))
                .containsExactly(
                        "accuracy", "baseAccuracy", "secureAggregation", "epsilon", "clients", "rounds", "adapter");
        assertThat(json.get("secureAggregation").booleanValue()).isTrue();
        assertThat(json.get("epsilon").isNull()).isTrue();
        assertThat(json.get("clients")).hasSize(3);
        assertThat(fields(json.get("clients").get(0))).containsExactly("client", "examples", "localOnlyAccuracy");
        assertThat(json.get("clients").get(0).get("examples").intValue()).isEqualTo(80);
        assertThat(json.get("rounds")).hasSize(2);
        JsonNode last = json.get("rounds").get(1);
        assertThat(fields(last))
                .containsExactly("round", "survivors", "loss", "accuracy", "bytesUpPerClient", "epsilon", "seconds");
        assertThat(last.get("survivors").intValue()).isEqualTo(3);
        assertThat(last.get("accuracy")).isEqualTo(json.get("accuracy"));
        // 73,728 LoRA parameters, 7 x 385 of the head and the weight, four bytes each, beside some kilobytes of keys
        assertThat(last.get("bytesUpPerClient").longValue()).isBetween(305_700L, 320_000L);
        assertThat(Path.of(json.get("adapter").get("peft").asText()).resolve("adapter_config.json"))
                .exists();
        assertThat(Path.of(json.get("adapter").get("gguf").asText())).exists();
        assertThat(run.err()).contains("SYNTHETIC").contains("round clients");
    }

    @Test
    void demo_forPeople_comparesAndSaysWhatTheServerSaw() {
        CommandRun run = demo("--clients", 3, "--rounds", 1);
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("base: always the most frequent label")
                .contains("emergency alone, 80 examples")
                .contains("federation of 3")
                .contains("What the coordinator saw")
                .contains("Hugging Face PEFT");
    }

    @Test
    void demo_clientsVanish_finishesEveryRoundWithTheOthers() {
        CommandRun run = demo("--clients", 4, "--rounds", 2, "--drop", 1, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("rounds"))
                .hasSize(2)
                .allSatisfy(
                        round -> assertThat(round.get("survivors").intValue()).isEqualTo(3));
    }

    @Test
    void demo_withBudget_spendsItAndLedgersAgree() {
        CommandRun run = demo("--clients", 3, "--rounds", 2, "--epsilon", 8, "--delta", 1e-5, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode rounds = run.json().get("rounds");
        double first = rounds.get(0).get("epsilon").doubleValue();
        double last = rounds.get(1).get("epsilon").doubleValue();
        assertThat(first).isPositive().isLessThan(last);
        // calibrated to all rounds together; the noise is rounded up to its grid
        assertThat(last).isBetween(7.9, 8.0);
        assertThat(run.json().get("epsilon").doubleValue()).isEqualTo(last);
    }

    @Test
    void demo_plain_saysSo() {
        CommandRun run = demo("--clients", 3, "--rounds", 1, "--no-secure-aggregation");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("IN THE CLEAR");
        assertThat(run.err()).contains("NO secure aggregation");
    }

    @Test
    void demo_givenData_tellsClientsApartByTheirField() throws IOException {
        Path train = folder.resolve("train.jsonl");
        Path test = folder.resolve("test.jsonl");
        Files.writeString(train, lines("a", 6) + lines("b", 4) + lines("c d", 2));
        Files.writeString(test, lines("a", 4));
        CommandRun run = demo("--data", train, "--test", test, "--rounds", 1, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("clients").findValuesAsText("client")).containsExactly("a", "b", "c d");
        assertThat(run.json().get("clients").findValuesAsText("examples")).containsExactly("6", "4", "2");
    }

    @Test
    void demo_wrongUsage_isToldBeforeAnythingRuns() {
        refusesUsage("--test", "--data", "x");
        refusesUsage("--rounds must be at least 1, got 0", "--rounds", 0);
        refusesUsage("--drop must be at least 0, got -1", "--drop", -1);
        refusesUsage("--no-secure-aggregation leaves no masks", "--drop", 1, "--no-secure-aggregation");
        refusesUsage("of 9 clients at most 3 may vanish", "--drop", 5);
        refusesUsage("--clients is 10, but there are 9 departments", "--clients", 10);
        refusesUsage("needs at least 3 clients, there are 2", "--clients", 2);
        refusesUsage("epsilon is -1.0, must be positive", "--epsilon", -1);
        refusesUsage("delta is 2.0", "--epsilon", 1, "--delta", 2);
        refusesUsage("--threads must be at least 1", "--threads", 0);
    }

    @Test
    void demo_badData_failsInOneLineThatNamesFileAndLine() throws IOException {
        String good = lines("a", 3) + lines("b", 3) + lines("c", 3);
        refusesData(good + "{\"client\": \"a\", \"text\": ", good, "train.jsonl, line 10: is not valid JSON");
        refusesData(good + "{\"client\": \"a\", \"label\": \"x\"}\n", good, "line 10: lacks the field \"text\"");
        refusesData(
                good,
                "{\"client\": \"a\", \"text\": \"t\", \"label\": \"unheard\"}\n",
                "test.jsonl, line 1: label \"unheard\" is unknown");
        refusesData(good + "{\"text\": \"t\", \"label\": \"up\"}\n", good, "1 of 10 lines lack the field \"client\"");
    }

    @Test
    void demo_outIsAFile_failsBeforeAnythingRuns() throws IOException {
        Files.writeString(folder.resolve("out"), "mine");
        CommandRun run = demo("--clients", 3, "--rounds", 1);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).isEqualToIgnoringNewLines("fedlora: " + folder.resolve("out") + ": is not a folder");
        assertThat(folder.resolve("out")).hasContent("mine");
    }

    @Test
    void demo_missingBase_failsInOneLine() {
        CommandRun run = CommandRun.of("demo", "--base", folder.resolve("none.gguf"), "--out", folder.resolve("out"));
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("none.gguf: no such file or folder").doesNotContain("\tat ");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private void refusesUsage(String why, Object... options) {
        CommandRun run = demo(options);
        assertThat(run.exitCode()).as("%s: %s", List.of(options), run.err()).isEqualTo(2);
        assertThat(run.err()).contains(why);
        assertThat(run.out()).isEmpty();
    }

    private void refusesData(String train, String test, String why) throws IOException {
        Path trainFile = folder.resolve("train.jsonl");
        Path testFile = folder.resolve("test.jsonl");
        Files.writeString(trainFile, train);
        Files.writeString(testFile, test);
        CommandRun run = demo("--data", trainFile, "--test", testFile);
        assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains(why);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private CommandRun demo(Object... options) {
        List<Object> arguments = new ArrayList<>(List.of("demo", "--base", base, "--out", folder.resolve("out")));
        arguments.addAll(List.of(options));
        return CommandRun.of(arguments.toArray());
    }

    private static String lines(String client, int count) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            String label = i % 2 == 0 ? "up" : "down";
            lines.append("{\"client\": \"%s\", \"text\": \"it went %s %d\", \"label\": \"%s\"}\n"
                    .formatted(client, label, i, label));
        }
        return lines.toString();
    }

    private static List<String> fields(JsonNode object) {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
