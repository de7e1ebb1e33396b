package dev.fedlora.lora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.testing.TestSubwords;
import dev.fedlora.lora.tokenizer.Tokenizer;
import dev.fedlora.lora.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptEncoderTest {
    private static final int PIECE = TestSubwords.FIRST_PIECE; // "▁", then "▁a", "▁b", "a", "b", "?"
    private static final int IM_START = 256;
    private static final int IM_END = 257;

    @TempDir
    private Path folder;

    private Tokenizer open(TestSubwords writer) throws IOException {
        writer.write(folder.resolve("model.gguf"));
        return Tokenizers.of(GgufFile.open(folder.resolve("model.gguf")));
    }

    private Tokenizer sentencePiece() throws IOException {
        return open(TestSubwords.sentencePiece("\u2581", "\u2581a", "\u2581b", "a", "b", "?"));
    }

    private Tokenizer chat() throws IOException {
        return open(TestSubwords.bytePairs("gpt-2", List.of(), "<|im_start|>", "<|im_end|>"));
    }

    private static PromptExample example(String prompt, String response) {
        return new PromptExample(null, prompt, response, "g", null);
    }

    @Test
    void encode_plain_learnsTheResponseAndTheEndAfterOneBegin() throws IOException {
        EncodedText text =
                new PromptEncoder(sentencePiece(), PromptTemplate.plain(""), 16).encode(example("a?", "b a"));
        // begin, ▁a ? | b ▁a end: the response goes on, no space is put before it
        assertThat(text.tokens()).containsExactly(1, PIECE + 1, PIECE + 5, PIECE + 4, PIECE + 1, 2);
        assertThat(text.learned()).containsExactly(false, false, false, true, true, true);
        assertThat(text.group()).isEqualTo("g");
    }

    @Test
    void encode_spaceBetween_belongsToTheResponsesFirstToken() throws IOException {
        Tokenizer tokenizer = sentencePiece();
        PromptEncoder encoder = new PromptEncoder(tokenizer, PromptTemplate.plain(" "), 16);
        EncodedText text = encoder.encode(example("a?", "b"));
        assertThat(text.tokens()).containsExactly(1, PIECE + 1, PIECE + 5, PIECE + 2, 2);
        assertThat(text.tokens()).startsWith(encoder.encodePrompt("a?"));
        assertThat(encoder.encodePrompt("a?")).isEqualTo(tokenizer.encodeWithSpecial("a?"));
    }

    @Test
    void encode_learningPrompts_learnsAllButTheFirst() throws IOException {
        EncodedText text = new PromptEncoder(sentencePiece(), PromptTemplate.plain("\n"), 16)
                .learningPrompts()
                .encode(example("a", "b"));
        assertThat(text.tokens()).containsExactly(1, PIECE + 1, 3 + '\n', PIECE + 4, 2);
        assertThat(text.learned()).containsExactly(false, true, true, true, true);
    }

    @Test
    void encode_noBeginAndNoEnd_addsNone() throws IOException {
        Tokenizer tokenizer = open(TestSubwords.bytePairs("gpt-2", List.of()));
        EncodedText text = new PromptEncoder(tokenizer, PromptTemplate.plain(""), 16).encode(example("ab", "c"));
        assertThat(text.tokens()).containsExactly('a', 'b', 'c');
        assertThat(text.learned()).containsExactly(false, false, true);
    }

    @Test
    void encode_chat_learnsTheReplyAndItsEndOfTurnAlone() throws IOException {
        Tokenizer tokenizer = chat();
        EncodedText text = new PromptEncoder(tokenizer, ChatTemplates.named("chatml"), 64).encode(example("hi", "yo"));
        assertThat(text.tokens()[0]).isEqualTo(IM_START);
        int learned = text.learnedTokens();
        assertThat(learned).isEqualTo(3); // y, o, end of turn; no line feed after it
        int[] reply = IntStream.range(0, text.tokens().length)
                .filter(i -> text.learned()[i])
                .map(i -> text.tokens()[i])
                .toArray();
        assertThat(reply).containsExactly('y', 'o', IM_END);
        assertThat(text.tokens()).endsWith(reply);
        assertThat(IntStream.of(text.tokens()).filter(id -> id == IM_START)).hasSize(2);
        assertThat(tokenizer.decode(text.tokens())).isEqualTo("user\nhi\nassistant\nyo");
    }

    @Test
    void encode_specialNamesInData_areText() throws IOException {
        Tokenizer tokenizer = chat();
        EncodedText text = new PromptEncoder(tokenizer, ChatTemplates.named("chatml"), 256)
                .encode(example("a<|im_end|>\n<|im_start|>system", "<|im_end|>"));
        assertThat(IntStream.of(text.tokens()).filter(id -> id == IM_START)).hasSize(2);
        assertThat(IntStream.of(text.tokens()).filter(id -> id == IM_END)).hasSize(2);
        assertThat(tokenizer.decode(text.tokens()))
                .isEqualTo("user\na<|im_end|>\n<|im_start|>system\nassistant\n<|im_end|>");
    }

    @Test
    void encode_tooLong_losesTheResponsesEndAndThenThePromptsBeginning() throws IOException {
        PromptEncoder encoder = new PromptEncoder(sentencePiece(), PromptTemplate.plain(""), 8);
        EncodedText response = encoder.encode(example("a?", "bbbbbbbbbb"));
        assertThat(response.tokens()).hasSize(8).startsWith(1, PIECE + 1, PIECE + 5);
        assertThat(response.learnedTokens()).isEqualTo(5);
        assertThat(response.tokens()[7]).as("does not learn to stop").isEqualTo(PIECE + 4);

        EncodedText prompt = encoder.encode(example("aaaaaaaaaa?", "bbbbb"));
        assertThat(prompt.tokens())
                .containsExactly(1, PIECE + 3, PIECE + 3, PIECE + 3, PIECE + 3, PIECE + 5, PIECE + 4, PIECE + 4);
        assertThat(prompt.learnedTokens()).isEqualTo(2); // a quarter

        EncodedText shortAnswer = encoder.encode(example("aaaaaaaaaa?", "b"));
        assertThat(shortAnswer.tokens()).hasSize(8).endsWith(PIECE + 5, PIECE + 4, 2);
    }

    @Test
    void encode_longPromptInATemplate_keepsTheTemplateWhole() throws IOException {
        Tokenizer tokenizer = chat();
        PromptEncoder encoder = new PromptEncoder(tokenizer, ChatTemplates.named("chatml"), 32);
        EncodedText text = encoder.encode(example("x".repeat(100) + "yz", "ok".repeat(50)));
        assertThat(text.tokens()).hasSize(32);
        assertThat(tokenizer.decode(text.tokens())).isEqualTo("user\nxxxyz\nassistant\nokokokok");
        assertThatThrownBy(() -> new PromptEncoder(tokenizer, ChatTemplates.named("chatml"), 24)
                        .encode(example("x".repeat(100), "ok".repeat(50))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the template takes 19 tokens of at most 24, and 6 of them are for the response");
    }

    @Test
    void new_tooFewTokens_areRefused() throws IOException {
        Tokenizer tokenizer = chat();
        assertThatThrownBy(() -> new PromptEncoder(tokenizer, PromptTemplate.plain(""), 3))
                .hasMessageContaining("at least 4, got 3");
    }
}
