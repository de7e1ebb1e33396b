package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.cli.command.ProgressLine;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;

/**
 * The table of rounds as it grows, and under it, on a terminal, what is going on. Thread-safe.
 */
final class RoundTable {
    private final PrintWriter out;
    private final int clients;
    private final Measure measure;
    private final ProgressLine status;
    private long round;
    private int trained;

    RoundTable(PrintWriter out, int clients, Measure measure) {
        this.out = out;
        this.clients = clients;
        this.measure = measure;
        this.status = new ProgressLine(out);
    }

    /** Prints the heads of the columns. */
    synchronized void begin() {
        out.println("                test     test      bytes per client            seconds");
        out.println(
                "round clients   loss %s         up       down  epsilon  training shares masked  signed unmask    sum  total"
                        .formatted(measure.column()));
        out.flush();
    }

    /** A round is open. */
    synchronized void opened(long number) {
        round = number;
        trained = 0;
        say("round %d: clients train".formatted(number));
    }

    /** A client has trained and begins to exchange messages. */
    synchronized void trained() {
        trained++;
        say("round %d: %d of %d clients have trained".formatted(round, trained, clients));
    }

    /** A round is over, and its adapter evaluated. */
    synchronized void add(RoundRow row) {
        Map<Phase, Duration> phases = row.phases();
        line("%5d %7d %6.4f %8s %10d %10d %8s  %8s %6s %6s  %6s %6s %6s %6.1f"
                .formatted(
                        row.round(),
                        row.survivors(),
                        row.loss(),
                        measure.words(row.figure()),
                        row.bytesUp(),
                        row.bytesDown(),
                        row.epsilon() == null ? "-" : "%.4f".formatted(row.epsilon()),
                        seconds(phases.get(Phase.KEYS)),
                        seconds(phases.get(Phase.SHARES)),
                        seconds(phases.get(Phase.MASKED)),
                        seconds(phases.get(Phase.SURVIVORS)),
                        seconds(phases.get(Phase.UNMASK)),
                        seconds(row.sum()),
                        row.seconds()));
    }

    /** Prints a line above what is going on. */
    synchronized void line(String text) {
        status.clear();
        out.println(text);
        out.flush();
    }

    /** Says what is going on; on a terminal alone. */
    synchronized void say(String text) {
        status.status(text);
    }

    /** Takes away what was going on. */
    synchronized void end() {
        status.clear();
    }

    private static String seconds(@org.jspecify.annotations.Nullable Duration time) {
        return time == null ? "-" : "%.2f".formatted(time.toMillis() / 1000.0);
    }
}
