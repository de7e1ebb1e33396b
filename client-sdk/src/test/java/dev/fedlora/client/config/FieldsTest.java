package dev.fedlora.client.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FieldsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path directory;

    @Test
    void read_fieldsInRange_areReturned() throws IOException {
        Fields fields = fields("""
                {"whole": 7, "number": 0.5, "flag": true, "text": "t", "texts": ["a", "b"], "choice": "half_up",
                 "inner": {"whole": 1}}""");

        assertThat(fields.whole("whole", 1, 10)).isEqualTo(7);
        assertThat(fields.number("number", 0, 1)).isEqualTo(0.5);
        assertThat(fields.flag("flag", false)).isTrue();
        assertThat(fields.text("text")).isEqualTo("t");
        assertThat(fields.texts("texts")).containsExactly("a", "b");
        assertThat(fields.choice("choice", RoundingMode.class, RoundingMode.UP)).isEqualTo(RoundingMode.HALF_UP);
        assertThat(fields.object("inner").whole("whole", 1, 1)).isEqualTo(1);
        assertThatNoException().isThrownBy(fields::finish);
    }

    @Test
    void read_absentOptionalFields_takeTheirDefaults() throws IOException {
        Fields fields = fields("{\"null\": null}");

        assertThat(fields.whole("whole", 1, 10, 4)).isEqualTo(4);
        assertThat(fields.number("number", 0, 1, 0.25)).isEqualTo(0.25);
        assertThat(fields.flag("flag", true)).isTrue();
        assertThat(fields.text("text", "other")).isEqualTo("other");
        assertThat(fields.text("null", "other")).isEqualTo("other");
        assertThat(fields.choice("choice", RoundingMode.class, RoundingMode.UP)).isEqualTo(RoundingMode.UP);
        assertThat(fields.objectOrEmpty("inner").flag("flag", true)).isTrue();
        assertThatNoException().isThrownBy(fields::finish);
    }

    @Test
    void finish_severalMistakes_listsThemAll() throws IOException {
        Fields fields = fields(
                "{\"whole\": 1.5, \"number\": 2, \"flag\": 1, \"text\": \" \", \"texts\": [1], \"choice\": \"x\","
                        + " \"inner\": {\"whole\": 0, \"strange\": 1}, \"wrong\": 3, \"other\": {}}");
        fields.whole("whole", 1, 10);
        fields.number("number", 0, 1);
        fields.flag("flag", false);
        fields.text("text");
        fields.texts("texts");
        fields.choice("choice", Answer.class, Answer.YES);
        fields.object("inner").whole("whole", 1, 10);
        fields.object("wrong").text("not reported");
        fields.object("gone").text("not reported");
        fields.text("missing");

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(fields::finish)
                .satisfies(e -> assertThat(e.mistakes())
                        .containsExactly(
                                "whole: expected a whole number from 1 to 10, got 1.5",
                                "number: expected a number from 0.0 to 1.0, got 2",
                                "flag: expected true or false, got 1",
                                "text: expected a text that is not blank, got \" \"",
                                "texts: expected a list of texts that are not blank, got [1]",
                                "choice: expected one of yes, no, got \"x\"",
                                "inner.whole: expected a whole number from 1 to 10, got 0",
                                "wrong: expected an object of named fields, got 3",
                                "gone: missing, expected an object of named fields",
                                "missing: missing, expected a text",
                                "other: there is no such field, allowed are [choice, flag, gone, inner, missing,"
                                        + " number, text, texts, whole, wrong]",
                                "inner.strange: there is no such field, allowed are [whole]"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "99999999999999999999 | expected a whole number",
                "11 | expected a whole number from 1 to 10, got 11",
                "\"7\" | expected a whole number from 1 to 10, got \"7\""
            })
    void whole_outOfRange_isAMistake(String value, String message) throws IOException {
        Fields fields = fields("{\"n\": " + value + "}");
        fields.whole("n", 1, 10);

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(fields::finish)
                .withMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "3", "null", "{\"a\": 1", "{\"a\": 1} x", "{\"a\": 1, \"a\": 2}"})
    void read_notOneObject_isRefusedWithTheFilesName(String content) throws IOException {
        Path file = Files.writeString(directory.resolve("x.json"), content);

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> Fields.read(file, JSON))
                .withMessageStartingWith(file + ": ");
    }

    @Test
    void read_noFile_isRefusedWithTheFilesName() {
        Path file = directory.resolve("none.json");

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> Fields.read(file, JSON))
                .withMessage(file + ": there is no such file");
    }

    private enum Answer {
        YES,
        NO
    }

    private Fields fields(String json) throws IOException {
        return Fields.of("x.json", JSON.readTree(json));
    }
}
