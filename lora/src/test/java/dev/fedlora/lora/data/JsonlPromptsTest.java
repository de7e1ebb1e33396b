package dev.fedlora.lora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonlPromptsTest {
    private static final String GOOD = "{\"prompt\":\"secret question\",\"response\":\"secret answer\"}\n";

    @TempDir
    private Path folder;

    private Path file(String content) throws IOException {
        return Files.writeString(folder.resolve("prompts.jsonl"), content);
    }

    @Test
    void read_realFiles_givesAllTheirLines() throws IOException {
        Path train = Shared.path("data/medquad-gen.train.jsonl");
        List<PromptExample> examples = JsonlPrompts.read(train);
        try (var lines = Files.lines(train)) {
            assertThat(examples).hasSize((int) lines.count());
        }
        assertThat(examples.stream().map(PromptExample::client).distinct()).hasSize(9);
    }

    @Test
    void read_everyField_keepsIt() throws IOException {
        Path file = file(
                "\n{\"client\":\"north\",\"prompt\":\" Wie? \",\"response\":\"\u00fc\\n\",\"group\":7,\"id\":\"a\",\"more\":1}\n"
                        + "{\"response\":\"r\",\"prompt\":\"p\",\"group\":null}");
        List<PromptExample> examples = JsonlPrompts.read(file);
        assertThat(examples)
                .containsExactly(
                        new PromptExample("north", " Wie? ", "\u00fc\n", "7", "a"),
                        new PromptExample(null, "p", "r", null, null));
        assertThat(examples.get(0).toString()).doesNotContain("Wie");
        List<PromptExample> streamed = new ArrayList<>();
        JsonlPrompts.forEach(file, streamed::add);
        assertThat(streamed).isEqualTo(examples);
    }

    @Test
    void read_badLine_isRefusedWithFileLineAndField() throws IOException {
        assertRefused("{\"prompt\":\"secret\"}", "lacks the field \"response\"");
        assertRefused("{\"response\":\"secret\"}", "lacks the field \"prompt\"");
        assertRefused("{\"prompt\":\"secret\",\"response\":3}", "has a \"response\" that is not a string but number");
        assertRefused("{\"prompt\":\"\\t\",\"response\":\"secret\"}", "has a blank \"prompt\"");
        assertRefused("{\"prompt\":\"secret\",\"response\":\" \"}", "has a blank \"response\"");
        assertRefused("{\"prompt\":\"secret\",\"response\":\"b\",\"id\":[1]}", "has a \"id\" that is neither a string");
        assertRefused("{\"text\":\"secret\",\"label\":\"b\"}", "lacks the field \"prompt\"");
        assertRefused("[1]", "is not a JSON object");
        assertRefused("{\"prompt\":\"secret\"", "is not valid JSON at column");
        assertThatThrownBy(() -> JsonlPrompts.read(file("\n")))
                .hasMessageContaining("prompts.jsonl: holds no examples");
    }

    private void assertRefused(String badLine, String message) throws IOException {
        Path file = file(GOOD + badLine);
        assertThatThrownBy(() -> JsonlPrompts.read(file))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("prompts.jsonl, line 2: ")
                .hasMessageContaining(message)
                .hasMessageNotContaining("secret");
    }
}
