package dev.fedlora.cli.command;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 500MB}, {@code 1.5GB}; units of 1024. */
public final class ByteSize {
    private static final Pattern SIZE =
            Pattern.compile("([0-9]+(?:\\.[0-9]+)?) ?([KMGT]?)i?B?", Pattern.CASE_INSENSITIVE);
    private static final Map<String, Integer> SHIFTS = Map.of("", 0, "K", 10, "M", 20, "G", 30, "T", 40);

    private ByteSize() {}

    /**
     * Returns {@code text} in bytes.
     *
     * @param option whose value it is, for the message
     * @throws IllegalArgumentException when it is no size, or zero
     */
    public static long of(String option, String text) {
        Matcher size = SIZE.matcher(text.strip());
        double bytes = size.matches()
                ? Double.parseDouble(size.group(1))
                        * (1L << SHIFTS.getOrDefault(size.group(2).toUpperCase(Locale.ROOT), 0))
                : 0;
        if (!(bytes >= 1) || bytes > Long.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "%s must be a size such as 500MB or 1.5GB, got '%s'".formatted(option, text));
        }
        return (long) bytes;
    }
}
