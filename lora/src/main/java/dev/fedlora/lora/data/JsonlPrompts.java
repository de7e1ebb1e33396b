package dev.fedlora.lora.data;

import dev.fedlora.lora.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Examples for generation, one JSON object a line: {@code {"prompt": ..., "response": ...}} and, where wanted,
 * {@code "client"}, {@code "group"} and {@code "id"}; other fields are ignored, and so are blank lines.
 *
 * <p>One bad line refuses the file: training on part of the data without saying so would be worse. Errors name file and
 * line, and never quote the text.
 */
public final class JsonlPrompts {
    private JsonlPrompts() {}

    /**
     * Returns all examples of {@code file}.
     *
     * @throws MalformedFileException when a line is not an example, or there is none
     * @throws IOException when it cannot be read
     */
    public static List<PromptExample> read(Path file) throws IOException {
        return JsonlFile.read(file, JsonlPrompts::parse);
    }

    /**
     * Gives the examples of {@code file} to {@code action} one by one, in constant memory; those before a bad line have
     * been given when it is refused.
     */
    public static void forEach(Path file, Consumer<PromptExample> action) throws IOException {
        JsonlFile.forEach(file, JsonlPrompts::parse, action);
    }

    static PromptExample parse(JsonlObject line) {
        return new PromptExample(
                line.optional("client"),
                line.required("prompt"),
                line.required("response"),
                line.optional("group"),
                line.optional("id"));
    }
}
