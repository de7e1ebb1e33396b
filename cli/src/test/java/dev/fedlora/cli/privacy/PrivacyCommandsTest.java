package dev.fedlora.cli.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivacyCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @Test
    void epsilon_calibratedNoise_isJustWithinBudget() {
        CommandRun noise = CommandRun.of(
                "privacy",
                "calibrate",
                "--epsilon",
                3,
                "--delta",
                1e-5,
                "--sampling-rate",
                0.02,
                "--steps",
                500,
                "--json");
        double multiplier = noise.json().get("noiseMultiplier").doubleValue();
        CommandRun cost = CommandRun.of(
                "privacy",
                "epsilon",
                "--noise-multiplier",
                multiplier,
                "--sampling-rate",
                0.02,
                "--steps",
                500,
                "--delta",
                1e-5,
                "--json");
        assertThat(cost.exitCode()).isZero();
        // calibration is to one part in 10^10 of the noise, on the safe side
        assertThat(cost.json().get("epsilon").doubleValue())
                .isLessThanOrEqualTo(3)
                .isCloseTo(3, within(1e-6));
    }

    @Test
    void epsilon_discreteNoise_isNotBelowContinuous() {
        double continuous = epsilonOf("continuous");
        assertThat(epsilonOf("discrete")).isGreaterThanOrEqualTo(continuous).isLessThan(2 * continuous);
    }

    @Test
    void epsilon_negativeNoise_isWrongUsage() {
        CommandRun run = CommandRun.of(
                "privacy", "epsilon", "--noise-multiplier", -1, "--sampling-rate", 0.02, "--steps", 5, "--delta", 1e-5);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("noise multiplier is -1.0, must be positive");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void epsilon_unknownAccountant_isWrongUsageThatNamesThoseThereAre() {
        CommandRun run = CommandRun.of(
                "privacy",
                "epsilon",
                "--noise-multiplier",
                1,
                "--sampling-rate",
                0.02,
                "--steps",
                5,
                "--delta",
                1e-5,
                "--accountant",
                "guess");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("guess").contains("rdp");
    }

    @Test
    void epsilon_questionAndBatch_isWrongUsage() {
        assertThat(CommandRun.of("privacy", "epsilon", "--delta", 1e-5, "--batch", "x")
                        .exitCode())
                .isEqualTo(2);
        assertThat(CommandRun.of("privacy", "epsilon").exitCode()).isEqualTo(2);
    }

    @Test
    void batch_severalQuestions_answersLineByLineInOrder() throws IOException {
        Path file = folder.resolve("q.jsonl");
        Files.writeString(file, """
                {"noiseMultiplier": 1, "samplingRate": 1, "steps": 1, "delta": 1e-5, "accountant": "rdp"}

                {"noiseMultiplier": 2, "samplingRate": 1, "steps": 1, "delta": 1e-5}
                {"noiseMultiplier": 2, "samplingRate": 1, "steps": 0, "delta": 1e-5}
                """);
        CommandRun run = CommandRun.of("privacy", "epsilon", "--batch", file, "--json");
        assertThat(run.exitCode()).isZero();
        List<Double> epsilons = new ArrayList<>();
        for (String line : run.out().lines().toList()) {
            epsilons.add(JSON.readTree(line).get("epsilon").doubleValue());
        }
        assertThat(epsilons).hasSize(3);
        assertThat(epsilons.get(0)).isGreaterThan(epsilons.get(1));
        assertThat(epsilons.get(2)).isZero();
    }

    @Test
    void batch_badLine_namesFileLineAndField() throws IOException {
        refuses("{\"noiseMultiplier\": 1", "is not valid JSON");
        refuses("[1]", "is not a JSON object");
        refuses("{\"noiseMultiplier\": 1, \"samplingRate\": 1, \"steps\": 1}", "lacks the field \"delta\"");
        refuses(
                "{\"noiseMultiplier\": 1, \"samplingRate\": \"a\", \"steps\": 1, \"delta\": 1e-5}",
                "\"samplingRate\" that is not a number");
        refuses(
                "{\"noiseMultiplier\": 1, \"samplingRate\": 1, \"steps\": 1.5, \"delta\": 1e-5}",
                "steps must be a whole number, got 1.5");
        refuses("{\"noiseMultiplier\": 1, \"samplingRate\": 7, \"steps\": 1, \"delta\": 1e-5}", "sampling rate is 7.0");
        refuses(
                "{\"noiseMultiplier\": 1, \"samplingRate\": 1, \"steps\": 1, \"delta\": 1e-5, \"sigma\": 1}",
                "has fields [sigma]");
        refuses(
                "{\"noiseMultiplier\": 1, \"samplingRate\": 1, \"steps\": 1, \"delta\": 1e-5, \"noise\": \"pink\"}",
                "noise is \"pink\"");
    }

    @Test
    void batch_publishedVectors_agree() throws IOException {
        List<JsonNode> vectors = new ArrayList<>();
        StringBuilder questions = new StringBuilder();
        for (JsonNode vector : JSON.readTree(
                        Shared.path("golden/privacy-vectors.json").toFile())
                .get("grid")) {
            JsonNode figures = vector.get("params");
            boolean isOurs = vector.get("mechanism").asText().equals("poisson-subsampled-gaussian")
                    && vector.get("accountant").asText().equals("rdp")
                    && figures.path("adjacency").asText().equals("add-or-remove-one");
            if (isOurs) {
                vectors.add(vector);
                questions.append(JSON.createObjectNode()
                        .put("noiseMultiplier", figures.get("sigma").doubleValue())
                        .put("samplingRate", figures.get("q").doubleValue())
                        .put("steps", figures.get("steps").longValue())
                        .put("delta", vector.get("delta").doubleValue())
                        .put("accountant", "rdp"));
                questions.append('\n');
            }
        }
        assertThat(vectors).hasSizeGreaterThan(50);
        Path file = folder.resolve("q.jsonl");
        Files.writeString(file, questions);
        List<String> answers = CommandRun.of("privacy", "epsilon", "--batch", file, "--json")
                .out()
                .lines()
                .toList();
        assertThat(answers).hasSameSizeAs(vectors);
        for (int i = 0; i < answers.size(); i++) {
            double expected = vectors.get(i).get("epsilon").doubleValue();
            double got = JSON.readTree(answers.get(i)).get("epsilon").doubleValue();
            // the vectors' own tolerance
            assertThat(got).as("%s", vectors.get(i).get("id")).isCloseTo(expected, within(1e-6 * expected + 1e-12));
        }
    }

    private void refuses(String line, String why) throws IOException {
        Path file = folder.resolve("bad.jsonl");
        Files.writeString(
                file, "{\"noiseMultiplier\": 1, \"samplingRate\": 1, \"steps\": 1, \"delta\": 1e-5}\n" + line + "\n");
        CommandRun run = CommandRun.of("privacy", "epsilon", "--batch", file, "--json");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("bad.jsonl, line 2").contains(why);
        assertThat(run.err().lines()).hasSize(1);
    }

    private static double epsilonOf(String noise) {
        return CommandRun.of(
                        "privacy",
                        "epsilon",
                        "--noise-multiplier",
                        1,
                        "--sampling-rate",
                        0.02,
                        "--steps",
                        100,
                        "--delta",
                        1e-5,
                        "--noise",
                        noise,
                        "--json")
                .json()
                .get("epsilon")
                .doubleValue();
    }
}
