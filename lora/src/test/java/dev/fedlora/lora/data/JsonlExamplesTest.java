package dev.fedlora.lora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonlExamplesTest {
    private static final String GOOD = "{\"text\":\"secret text\",\"label\":\"a\"}\n";

    @TempDir
    private Path folder;

    private Path file(String content) throws IOException {
        return Files.writeString(folder.resolve("notes.jsonl"), content);
    }

    private void assertRefused(String badLine, String message) throws IOException {
        Path file = file(GOOD + "\n" + badLine);
        assertThatThrownBy(() -> JsonlExamples.read(file))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("notes.jsonl, line 3: ")
                .hasMessageContaining(message)
                .hasMessageNotContainingAny("secret", "Source");
    }

    @Test
    void read_realFiles_givesAllTheirLines() throws IOException {
        Path train = Shared.path("data/medquad-cls.train.jsonl");
        List<Example> examples = JsonlExamples.read(train);
        try (var lines = Files.lines(train)) {
            assertThat(examples).hasSize((int) lines.count());
        }
        assertThat(JsonlExamples.labels(examples)).hasSize(12).isSorted();
        assertThat(examples.stream().map(Example::client).distinct()).hasSize(9);
        assertThatThrownBy(() -> JsonlExamples.read(Shared.path("data/medquad-gen.test.jsonl")))
                .hasMessageContaining("line 1: lacks the field \"label\"");
    }

    @Test
    void read_everyField_keepsIt() throws IOException {
        Path file = file(
                "\uFEFF{\"client\":\"north\",\"text\":\"Fieber \u00fc\",\"label\":\"a\",\"group\":\"p1\",\"id\":17,\"more\":[1]}\r\n"
                        + "\r\n  \n{\"label\":\"b\",\"text\":\"x\",\"group\":null}");
        List<Example> examples = JsonlExamples.read(file);
        assertThat(examples)
                .containsExactly(
                        new Example("north", "Fieber ü", "a", "p1", "17"), new Example(null, "x", "b", null, null));
        assertThat(examples.get(0).toString()).doesNotContain("Fieber");
        List<Example> streamed = new ArrayList<>();
        JsonlExamples.forEach(file, streamed::add);
        assertThat(streamed).isEqualTo(examples);
    }

    @Test
    void read_badLine_isRefusedWithItsNumber() throws IOException {
        assertRefused("{\"text\":\"secret\",", "is not valid JSON at column");
        assertRefused("secret", "is not valid JSON at column");
        assertRefused("{\"text\":\"secret\",\"label\":\"a\"} {\"x\":1}", "is not valid JSON at column");
        assertRefused("{\"text\":\"secret\",\"text\":\"b\",\"label\":\"a\"}", "is not valid JSON at column");
        assertRefused("[1]", "is not a JSON object");
        assertRefused("{\"text\":\"secret\"}", "lacks the field \"label\"");
        assertRefused("{\"label\":\"a\"}", "lacks the field \"text\"");
        assertRefused("{\"text\":7,\"label\":\"a\"}", "has a \"text\" that is not a string but number");
        assertRefused("{\"text\":null,\"label\":\"a\"}", "not a string but null");
        assertRefused("{\"text\":\" \",\"label\":\"a\"}", "has a blank \"text\"");
        assertRefused("{\"text\":\"secret\",\"label\":\"\"}", "has a blank \"label\"");
        assertRefused("{\"text\":\"secret\",\"label\":\"a\",\"group\":{}}", "has a \"group\" that is neither a string");
        assertRefused("x".repeat(JsonlExamples.MAX_LINE_BYTES + 1), "is longer than 1048576 bytes");
    }

    @Test
    void read_invalidUtf8_isRefusedWithItsLine() throws IOException {
        Path file = folder.resolve("latin1.jsonl");
        Files.write(file, (GOOD + "{\"text\":\"Fr\u00fch\",\"label\":\"a\"}").getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> JsonlExamples.read(file))
                .hasMessageContaining("latin1.jsonl, line 2: is not valid UTF-8");
    }

    @Test
    void read_unknownLabel_isRefusedWithTheLabelsAllowed() throws IOException {
        Path file = file(GOOD + "{\"text\":\"secret\",\"label\":\"c\\n" + "c".repeat(50) + "\"}");
        assertThatThrownBy(() -> JsonlExamples.read(file, List.of("a", "b")))
                .hasMessageContaining("line 2: label \"c?ccc")
                .hasMessageContaining("...\" is unknown, allowed are [a, b]")
                .hasMessageNotContaining("secret");
        assertThat(JsonlExamples.read(file(GOOD), List.of("a", "b"))).hasSize(1);
    }

    @Test
    void read_emptyOrAbsentFile_saysSo() throws IOException {
        assertThatThrownBy(() -> JsonlExamples.read(file(" \n\n")))
                .hasMessageContaining("notes.jsonl: holds no examples");
        assertThatThrownBy(() -> JsonlExamples.read(folder.resolve("no.jsonl")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void read_longestLineAllowed_isRead() throws IOException {
        String frame = "{\"text\":\"\",\"label\":\"a\"}";
        String text = "x".repeat(JsonlExamples.MAX_LINE_BYTES - frame.length());
        assertThat(JsonlExamples.read(file(frame.replace(":\"\"", ":\"" + text + "\"")))
                        .get(0)
                        .text())
                .hasSize(text.length());
    }
}
