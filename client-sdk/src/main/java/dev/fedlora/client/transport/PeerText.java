package dev.fedlora.client.transport;

/** Makes text that a peer wrote fit to be shown and logged. */
public final class PeerText {
    // a sentence or two; the rest of a longer text is somebody's attempt to fill our log
    private static final int MAX_LENGTH = 500;

    private PeerText() {}

    /** Returns {@code text} on one line, without control or formatting characters, at most 500 characters long. */
    public static String clean(String text) {
        String printable =
                text.replaceAll("[\\p{Cntrl}\\p{Cf}\\p{Zl}\\p{Zp}]+", " ").strip();
        return printable.length() <= MAX_LENGTH ? printable : printable.substring(0, MAX_LENGTH) + "...";
    }
}
