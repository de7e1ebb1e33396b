package dev.fedlora.lora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.fedlora.lora.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonlDataTest {
    private static final String LABELLED = "{\"client\": \"a\", \"text\": \"x\", \"label\": \"l\"}\n";
    private static final String PROMPT = "{\"client\": \"a\", \"prompt\": \"x\", \"response\": \"y\", \"group\": 7}\n";

    @TempDir
    private Path folder;

    @Test
    void read_firstLineHasAPrompt_readsPrompts() throws IOException {
        assertThat(JsonlData.read(write("\n" + PROMPT + PROMPT)))
                .hasSize(2)
                .containsOnly(new PromptExample("a", "x", "y", "7", null));
    }

    @Test
    void read_firstLineHasNone_readsLabelledTexts() throws IOException {
        assertThat(JsonlData.read(write(LABELLED))).containsExactly(new Example("a", "x", "l", null, null));
    }

    @Test
    void read_bothKinds_refusesTheFirstLineOfTheOther() throws IOException {
        Path promptsFirst = write(PROMPT + LABELLED);
        assertThatExceptionOfType(MalformedFileException.class)
                .isThrownBy(() -> JsonlData.read(promptsFirst))
                .withMessage(promptsFirst + ", line 2: lacks the field \"prompt\"");
        Path textsFirst = write(LABELLED + PROMPT);
        assertThatExceptionOfType(MalformedFileException.class)
                .isThrownBy(() -> JsonlData.read(textsFirst))
                .withMessage(textsFirst + ", line 2: lacks the field \"label\"");
    }

    @Test
    void read_neitherKind_refusesTheFirstLine() throws IOException {
        Path file = write("{\"client\": \"a\"}\n");
        assertThatExceptionOfType(MalformedFileException.class)
                .isThrownBy(() -> JsonlData.read(file))
                .withMessage(file + ", line 1: has neither \"text\" and \"label\" nor \"prompt\" and \"response\"");
    }

    @Test
    void holdsPrompts_anyFile_looksAtItsFirstExampleAlone() throws IOException {
        assertThat(JsonlData.holdsPrompts(write("\n" + PROMPT + "not JSON"))).isTrue();
        assertThat(JsonlData.holdsPrompts(write(LABELLED + PROMPT))).isFalse();
        Path empty = write("\n\n");
        assertThatExceptionOfType(MalformedFileException.class)
                .isThrownBy(() -> JsonlData.holdsPrompts(empty))
                .withMessage(empty + ": holds no examples");
        Path endless = write(" ".repeat(JsonlExamples.MAX_LINE_BYTES + 1));
        assertThatExceptionOfType(MalformedFileException.class)
                .isThrownBy(() -> JsonlData.holdsPrompts(endless))
                .withMessage(endless + ", line 1: is longer than 1048576 bytes");
    }

    private Path write(String lines) throws IOException {
        return Files.writeString(folder.resolve("data.jsonl"), lines);
    }
}
