package dev.fedlora.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.client.testing.TinyLlamaFile;
import dev.fedlora.lora.data.PromptExample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demonstration with prompts, over a decoder of a few thousand weights. */
class DemoPromptsTest {
    @TempDir
    private Path folder;

    private Path base;
    private Path data;
    private Path test;

    @BeforeEach
    void write() throws IOException {
        base = TinyLlamaFile.write(folder.resolve("base.gguf"), 3);
        List<PromptExample> all = new ArrayList<>();
        for (int client = 1; client <= 3; client++) {
            all.addAll(TinyLlamaFile.prompts("ward " + client, 30, client));
        }
        data = TinyLlamaFile.writeJsonl(folder.resolve("train.jsonl"), all);
        test = TinyLlamaFile.writeJsonl(folder.resolve("test.jsonl"), TinyLlamaFile.prompts("ward 9", 20, 99));
    }

    @Test
    void demo_prompts_answersWithPerplexityInPlaceOfAccuracy() {
        CommandRun run = demo("--rounds", 3, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode json = run.json();
        assertThat(fields(json))
                .containsExactly(
                        "perplexity", "basePerplexity", "secureAggregation", "epsilon", "clients", "rounds", "adapter");
        assertThat(fields(json.get("clients").get(0))).containsExactly("client", "examples", "localOnlyPerplexity");
        assertThat(json.get("clients"))
                .hasSize(3)
                .allSatisfy(
                        client -> assertThat(client.get("localOnlyPerplexity").doubleValue())
                                .isGreaterThan(1));
        JsonNode last = json.get("rounds").get(2);
        assertThat(fields(last))
                .containsExactly("round", "survivors", "loss", "perplexity", "bytesUpPerClient", "epsilon", "seconds");
        assertThat(last.get("perplexity")).isEqualTo(json.get("perplexity"));
        assertThat(last.get("perplexity").doubleValue())
                .isEqualTo(Math.exp(last.get("loss").doubleValue()))
                .isLessThan(json.get("basePerplexity").doubleValue());
        assertThat(run.err()).contains("loss perplex.").contains("to answer prompts");

        String adapter = json.get("adapter").get("gguf").asText();
        CommandRun answer = CommandRun.of(
                "model", "generate", base, "--prompt", "colour of sky", "--adapter", adapter, "--max-tokens", 4);
        assertThat(answer.exitCode()).as(answer.err()).isZero();
        CommandRun verified = CommandRun.of(
                "adapter", "verify", json.get("adapter").get("peft").asText(), "--base", base);
        assertThat(verified.exitCode()).as(verified.err()).isZero();
    }

    @Test
    void demo_forPeople_comparesPerplexities() {
        CommandRun run = demo("--rounds", 1);
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("base: without an adapter")
                .contains("ward 1 alone, 30 examples")
                .contains("What it never saw: a prompt, a response, a loss")
                .doesNotContain("head");
    }

    @Test
    void demo_baseThatPredictsNoTokens_isRefused() throws IOException {
        TinyBertFile.write(base, 3);
        CommandRun run = demo("--rounds", 1);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("would learn to answer prompts, but a bert model predicts no tokens");
    }

    @Test
    void demo_testOfTheOtherKind_isRefusedByLine() throws IOException {
        TinyBertFile.writeJsonl(test, TinyBertFile.examples("ward 9", 3, 1));
        CommandRun run = demo("--rounds", 1);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains(test + ", line 1: lacks the field \"prompt\"");
    }

    private CommandRun demo(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("demo", "--base", base, "--data", data, "--test", test));
        arguments.addAll(List.of("--out", folder.resolve("out"), "--backend", "reference", "--threads", "2"));
        arguments.addAll(Arrays.asList(more));
        return CommandRun.of(arguments.toArray());
    }

    private static List<String> fields(JsonNode json) {
        List<String> names = new ArrayList<>();
        json.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
