package dev.fedlora.cli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.lora.data.PromptTemplate;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands that predict tokens, on a really trained small model. */
class LanguageModelCommandsTest {
    private static final String TEXT = "Once upon a time, there was a little girl named Lily. She";

    @Test
    void logits_text_areThoseOfLlamaCpp() throws IOException {
        Path model = Shared.path("models/stories260K-f32.gguf");
        JsonNode answer = CommandRun.of("model", "logits", model, "--text", TEXT, "--backend", "vector", "--json")
                .json();
        assertThat(answer.get("tokens")).hasSize(17);
        assertThat(answer.get("tokens").get(0).asInt()).isEqualTo(1);
        assertGolden(answer, "stories260K-f32");
    }

    @Test
    void logits_tokensAndAdapter_areThoseOfLlamaCpp() throws IOException {
        Path model = Shared.path("models/stories260K-f32.gguf");
        String tokens = "1,403,407,261,378,432,383,286,261,376,298,315,421,395,317,426,338";
        Path adapter = Shared.path("adapters/stories260K-lora-r4.gguf");
        assertGolden(
                CommandRun.of(
                                "model",
                                "logits",
                                model,
                                "--tokens",
                                tokens,
                                "--adapter",
                                adapter,
                                "--adapter-scale",
                                "0.5",
                                "--backend",
                                "vector",
                                "--json")
                        .json(),
                "stories260K-f32+lora-r4-s0.5");
        CommandRun forPeople = CommandRun.of("model", "logits", model, "--tokens", "1,403", "--backend", "vector");
        assertThat(forPeople.out()).contains("after 1: 403 (17.024)").contains("after 403: 407");
    }

    private static void assertGolden(JsonNode answer, String name) throws IOException {
        ByteBuffer golden = ByteBuffer.wrap(Files.readAllBytes(Shared.path("golden/" + name + ".logits.f32")))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (JsonNode row : answer.get("logits")) {
            for (JsonNode value : row) {
                assertThat(value.floatValue()).isCloseTo(golden.getFloat(), within(2e-5f));
            }
        }
        assertThat(golden.hasRemaining()).isFalse();
    }

    /** llama.cpp's own figures, to the four places that it prints; it rounds activations where weights are rounded. */
    @ParameterizedTest
    @CsvSource({"f32, 4.0302", "F16, 4.0301"})
    void perplexity_story_isThatOfLlamaCpp(String type, double expected) {
        Path model = Shared.path("models/stories260K-" + type + ".gguf");
        Path text = Shared.path("golden/ppl_ts.txt");
        JsonNode answer = CommandRun.of("model", "perplexity", model, "--text-file", text, "--context", "256", "--json")
                .json();
        assertThat(answer.get("perplexity").asDouble()).isCloseTo(expected, within(0.002));
        assertThat(answer.get("chunks").asInt()).isEqualTo(7);
    }

    @Test
    void perplexity_anyNumberOfThreads_isTheSame() {
        Path model = Shared.path("models/stories260K-Q8_0.gguf");
        Path text = Shared.path("golden/ppl_ts.txt");
        String[] figures = new String[2];
        for (int i = 0; i < 2; i++) {
            figures[i] = CommandRun.of(
                            "model",
                            "perplexity",
                            model,
                            "--text-file",
                            text,
                            "--context",
                            "128",
                            "--backend",
                            "vector",
                            "--threads",
                            i + 1)
                    .out();
        }
        assertThat(figures[1]).isEqualTo(figures[0]).startsWith("perplexity ").contains("chunks of 128 tokens");
    }

    @Test
    void perplexity_shortTextOrLongContext_isRefused(@TempDir Path folder) throws IOException {
        Path model = Shared.path("models/stories260K-f32.gguf");
        Path text = Files.writeString(folder.resolve("short.txt"), "Once upon a time");
        CommandRun run = CommandRun.of("model", "perplexity", model, "--text-file", text);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("tokens, a context of 512 needs at least 1024");
        Path bytes = Files.write(folder.resolve("bytes.txt"), new byte[] {'a', (byte) 0xff, 'b'});
        CommandRun noText = CommandRun.of("model", "perplexity", model, "--text-file", bytes);
        assertThat(noText.exitCode()).isEqualTo(1);
        assertThat(noText.err()).contains("bytes.txt: is not valid UTF-8");
        CommandRun wide = CommandRun.of(
                "model", "perplexity", model, "--text-file", Shared.path("golden/ppl_ts.txt"), "--context", "600");
        assertThat(wide.err()).contains("a context of 600 tokens is more than the model's limit of 512");
    }

    @Test
    void generate_greedy_printsTheSameTextAsItComesAndAsJson() {
        Path model = Shared.path("models/stories260K-Q8_0.gguf");
        CommandRun run = CommandRun.of(
                "model",
                "generate",
                model,
                "--prompt",
                "Once upon a time",
                "--max-tokens",
                "24",
                "--backend",
                "vector");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).startsWith(", there was a little girl named");
        JsonNode answer = CommandRun.of(
                        "model",
                        "generate",
                        model,
                        "--prompt",
                        "Once upon a time",
                        "--max-tokens",
                        "24",
                        "--backend",
                        "vector",
                        "--json")
                .json();
        assertThat(answer.get("text").asText() + System.lineSeparator()).isEqualTo(run.out());
        assertThat(answer.get("tokens")).hasSize(24);
    }

    @Test
    void generate_template_putsThePromptAsTrainingDoes() throws IOException {
        Path model = Shared.path("models/stories260K-f32.gguf");
        String bare = generate(model, "Lily went", "plain");
        assertThat(generate(model, "Lily went", "auto")).isEqualTo(bare); // it brings no template
        String answer = generate(model, "Lily went", "vicuna");
        assertThat(answer).isNotEqualTo(bare);
        assertThat(generate(model, "USER: Lily went\nASSISTANT:", "plain")).isEqualTo(answer);
        CommandRun unknown = CommandRun.of("model", "generate", model, "--prompt", "a", "--template", "nice");
        assertThat(unknown.exitCode()).isEqualTo(2);
        assertThat(unknown.err()).contains("template nice is unknown, allowed are [auto, plain");
    }

    private static String generate(Path model, String prompt, String template) {
        Object[] command = {"model", "generate", model, "--prompt", prompt, "--template", template};
        List<Object> all = new ArrayList<>(List.of(command));
        all.addAll(List.of("--max-tokens", 16, "--backend", "vector"));
        return text(all.toArray());
    }

    @Test
    void generate_modelWithATemplate_takesItUnlessToldOtherwise(@TempDir Path folder) throws IOException {
        GgufFile stories = GgufFile.open(Shared.path("models/stories260K-f32.gguf"));
        GgufWriter writer = new GgufWriter();
        stories.metadata().forEach(writer::put);
        writer.text(PromptTemplate.CHAT_TEMPLATE, "USER: {{ content }} ASSISTANT: ");
        for (GgufTensor tensor : stories.tensors()) {
            writer.tensor(tensor.name(), tensor.type(), tensor.dimensions(), () -> stories.bytes(tensor.name()));
        }
        Path model = folder.resolve("chat.gguf");
        writer.write(model);
        String answer = text("model", "generate", model, "--prompt", "Lily went", "--max-tokens", 16);
        assertThat(answer)
                .isEqualTo(text(
                        "model",
                        "generate",
                        stories.path(),
                        "--prompt",
                        "USER: Lily went\nASSISTANT:",
                        "--max-tokens",
                        16));
    }

    @Test
    void generate_adapterAndSampling_changeTheText() {
        Path model = Shared.path("models/stories260K-f32.gguf");
        Path adapter = Shared.path("adapters/stories260K-lora-r4.gguf");
        String base = text("model", "generate", model, "--prompt", "Lily", "--max-tokens", "16");
        assertThat(text("model", "generate", model, "--prompt", "Lily", "--max-tokens", "16", "--adapter", adapter))
                .isNotEqualTo(base);
        String drawn = text(
                "model",
                "generate",
                model,
                "--prompt",
                "Lily",
                "--max-tokens",
                "16",
                "--temperature",
                "1.5",
                "--seed",
                "7");
        assertThat(drawn).isNotEqualTo(base);
        assertThat(text(
                        "model",
                        "generate",
                        model,
                        "--prompt",
                        "Lily",
                        "--max-tokens",
                        "16",
                        "--temperature",
                        "1.5",
                        "--seed",
                        "7"))
                .isEqualTo(drawn);
    }

    private static String text(Object... arguments) {
        CommandRun run = CommandRun.of(arguments);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.out();
    }

    /** One scale is not a number: opening the model does not see it, whatever computes with it does. */
    @Test
    void anyCommand_modelWithAScaleThatIsNotANumber_endsWithItsTensor(@TempDir Path folder) throws IOException {
        Path source = Shared.path("models/stories260K-Q8_0.gguf");
        byte[] bytes = Files.readAllBytes(source);
        int scale = (int) GgufFile.open(source).tensor("blk.2.attn_v.weight").offset();
        bytes[scale] = 0;
        bytes[scale + 1] = 0x7e; // NaN in binary16
        Path model = Files.write(folder.resolve("nan.gguf"), bytes);
        Path data = Files.writeString(folder.resolve("data.jsonl"), "{\"prompt\": \"Once\", \"response\": \"upon\"}\n");
        for (CommandRun run : List.of(
                CommandRun.of("model", "logits", model, "--text", TEXT),
                CommandRun.of("model", "generate", model, "--prompt", TEXT),
                CommandRun.of(
                        "model",
                        "perplexity",
                        model,
                        "--context",
                        "128",
                        "--text-file",
                        Shared.path("golden/ppl_ts.txt")),
                CommandRun.of("eval", "--base", model, "--data", data))) {
            assertThat(run.exitCode()).as(run.out()).isEqualTo(1);
            assertThat(run.err()).contains("tensor blk.2.attn_v.weight of the base model holds NaN in row 0");
        }
    }

    @Test
    void badOptions_areWrongUsage() {
        Path model = Shared.path("models/stories260K-f32.gguf");
        assertThat(CommandRun.of("model", "generate", model, "--prompt", "a", "--temperature", "-1")
                        .exitCode())
                .isEqualTo(2);
        assertThat(CommandRun.of("model", "generate", model, "--prompt", "a", "--top-p", "0")
                        .err())
                .contains("top-p must be in (0, 1], got 0.0");
        assertThat(CommandRun.of("model", "logits", model).exitCode()).isEqualTo(2);
        assertThat(CommandRun.of("model", "logits", model, "--text", "a", "--tokens", "1")
                        .exitCode())
                .isEqualTo(2);
        CommandRun unknown = CommandRun.of("model", "logits", model, "--tokens", "1,512");
        assertThat(unknown.exitCode()).isEqualTo(1);
        assertThat(unknown.err()).contains("token 512 at position 1 is outside 0..511");
    }
}
