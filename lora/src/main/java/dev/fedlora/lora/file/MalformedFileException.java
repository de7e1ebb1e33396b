package dev.fedlora.lora.file;

import java.nio.file.Path;

/**
 * Content that is not what its format says, or not what the caller needs of it. The message is one line that names the
 * file and the thing in it, what was found and what is allowed. Unchecked, as every other refusal of an argument.
 */
public final class MalformedFileException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /** Says what is wrong with {@code source}, which is a file's path or what stands for it. */
    public MalformedFileException(String source, String problem) {
        super(source + ": " + problem);
    }

    /** Says what is wrong with {@code file}. */
    public MalformedFileException(Path file, String problem) {
        this(file.toString(), problem);
    }

    /** Says what is wrong with {@code source} and what found it. */
    public MalformedFileException(String source, String problem, Throwable cause) {
        super(source + ": " + problem, cause);
    }
}
