package dev.fedlora.lora.file;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Texts in UTF-8. */
public final class TextFile {
    private TextFile() {}

    /**
     * Returns the whole text in {@code file}.
     *
     * @throws MalformedFileException when it is not valid UTF-8
     * @throws IOException when it cannot be read
     */
    public static String read(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException notText) { // which names neither the file nor what was expected
            throw new MalformedFileException(file.toString(), "is not valid UTF-8", notText);
        }
    }
}
