package dev.fedlora.coordinator.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What one request may cost the coordinator.
 *
 * @param maxBodyBytes largest body of a control message in bytes; masked vectors have exactly the length that the
 *     round's dimension gives and are not counted here
 * @param bodyIdle longest silence inside a request body before the request is dropped and, for a masked vector, taken
 *     out of the sum again
 * @param connectionIdle longest silence on a connection; longer than {@code maxWait}, or long polls would be cut
 * @param maxWait longest time a long poll is held
 * @param maxConnections connections served at the same time
 */
public record Limits(
        int maxBodyBytes, Duration bodyIdle, Duration connectionIdle, Duration maxWait, int maxConnections) {
    /**
     * 1 MiB holds the sealed shares of 128 clients (127 bundles of about 150 bytes) fifty times over; 10 s of silence is
     * ten times the worst retransmission pause of a healthy TCP connection; 30 s is what proxies hold an idle request.
     */
    public static final Limits DEFAULT =
            new Limits(1 << 20, Duration.ofSeconds(10), Duration.ofSeconds(75), Duration.ofSeconds(30), 10_000);

    List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (maxBodyBytes < 1 << 10) {
            problems.add("limits.maxBodyBytes must be at least 1024, got " + maxBodyBytes);
        }
        requirePositive(problems, "limits.bodyIdle", bodyIdle);
        requirePositive(problems, "limits.connectionIdle", connectionIdle);
        requirePositive(problems, "limits.maxWait", maxWait);
        if (connectionIdle.compareTo(maxWait) <= 0) {
            problems.add("limits.connectionIdle must be longer than limits.maxWait (%s), got %s"
                    .formatted(maxWait, connectionIdle));
        }
        if (maxConnections < 1) {
            problems.add("limits.maxConnections must be at least 1, got " + maxConnections);
        }
        return problems;
    }

    private static void requirePositive(List<String> problems, String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            problems.add(name + " must be longer than nothing, got " + value);
        }
    }
}
