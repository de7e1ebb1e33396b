package dev.fedlora.lora.file;

import java.nio.file.Path;

/**
 * Content that is not what its format says, or not what the caller needs of it. The message is one line that names the
 * file and the thing in it, what was found and what is allowed. Unchecked, as every other refusal of an argument.
 *
 * <p>Names that a hostile file makes up end up in messages, and messages in terminals and logs: control characters are
 * shown as U+FFFD, and a long message loses its end.
 */
public final class MalformedFileException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;
    private static final int LONGEST = 800; // characters: ten lines of a terminal; the longest honest message has 300

    /** Says what is wrong with {@code source}, which is a file's path or what stands for it. */
    public MalformedFileException(String source, String problem) {
        super(source + ": " + shown(problem));
    }

    /** Says what is wrong with {@code file}. */
    public MalformedFileException(Path file, String problem) {
        this(file.toString(), problem);
    }

    /** Says what is wrong with {@code source} and what found it. */
    public MalformedFileException(String source, String problem, Throwable cause) {
        super(source + ": " + shown(problem), cause);
    }

    /** Returns {@code problem} as messages have it: without control characters, and with an end. */
    public static String shown(String problem) {
        String start = problem.length() > LONGEST ? problem.substring(0, LONGEST) + "..." : problem;
        return start.codePoints()
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? 0xfffd : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
