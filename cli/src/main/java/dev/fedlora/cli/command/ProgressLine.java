package dev.fedlora.cli.command;

import java.io.PrintWriter;

/**
 * One line that says how far something has got: redrawn in place on a terminal, a new line for every tenth elsewhere.
 * Not thread-safe.
 */
public final class ProgressLine {
    /** Set by the launcher, which can ask the operating system; a Java process cannot. */
    private static final String TERMINAL = "fedlora.terminal";

    private static final String CLEAR = "\r\u001b[K"; // to the line's start, and clear from there to its end

    private final PrintWriter out;
    private final boolean terminal;
    private int tenths;

    /** Makes a line on {@code out}, which is where standard error goes. */
    public ProgressLine(PrintWriter out) {
        this(out, isTerminal());
    }

    ProgressLine(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Says whether standard error is a terminal. */
    public static boolean isTerminal() {
        return Boolean.getBoolean(TERMINAL);
    }

    /** Shows that {@code done} of {@code all} is done. */
    public void show(int done, int all, String text) {
        if (terminal) {
            out.print(CLEAR + text);
            out.flush();
        } else if (done * 10L / all > tenths) {
            tenths = (int) (done * 10L / all);
            out.println(text);
            out.flush();
        }
    }

    /** Shows {@code text} on a terminal, and nothing elsewhere. */
    public void status(String text) {
        if (terminal) {
            out.print(CLEAR + text);
            out.flush();
        }
    }

    /** Takes the line away from a terminal; the next thing printed stands at a line's start. */
    public void clear() {
        if (terminal) {
            out.print(CLEAR);
            out.flush();
        }
    }
}
