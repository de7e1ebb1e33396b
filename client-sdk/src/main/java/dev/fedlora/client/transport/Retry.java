package dev.fedlora.client.transport;

import java.io.IOException;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats a call that failed for a transient reason, with pauses that double from {@code first} to {@code longest} and
 * are shortened by a random part of up to a half, so that many clients do not come back at the same moment.
 *
 * <p>Thread-safe.
 */
public final class Retry {
    private static final Logger LOG = LoggerFactory.getLogger(Retry.class);

    private final WaitingTime time;
    private final Duration first;
    private final Duration longest;
    private final RandomGenerator jitter;

    /** One attempt of something. */
    @FunctionalInterface
    public interface Call<T> {
        /** Makes the attempt. */
        T attempt() throws IOException, InterruptedException;
    }

    /** Makes retries with pauses from half a second to 15 seconds: gentle to a coordinator that comes back. */
    public Retry(WaitingTime time) {
        this(time, Duration.ofMillis(500), Duration.ofSeconds(15));
    }

    /**
     * Makes retries with these pauses.
     *
     * @throws IllegalArgumentException unless 0 &lt; first &lt;= longest
     */
    public Retry(WaitingTime time, Duration first, Duration longest) {
        if (first.isZero() || first.isNegative() || first.compareTo(longest) > 0) {
            throw new IllegalArgumentException(
                    "pauses must grow from a positive length, got " + first + " to " + longest);
        }
        this.time = time;
        this.first = first;
        this.longest = longest;
        this.jitter = new SecureRandom();
    }

    /**
     * Returns what the first successful attempt returns. At least one attempt is made; none begins after {@code
     * deadline}.
     *
     * @param what is attempted, for the log, such as "sending keys"
     * @throws IOException the failure of the last attempt: not transient, or no time was left
     * @throws InterruptedException when the thread is interrupted
     */
    public <T> T until(Instant deadline, String what, Call<T> call) throws IOException, InterruptedException {
        Duration pause = first;
        while (true) {
            try {
                return call.attempt();
            } catch (IOException e) {
                Duration wait = shortened(pause);
                if (!isTransient(e) || time.now().plus(wait).isAfter(deadline)) {
                    throw e;
                }
                LOG.info("{} failed, again in {} ms: {}", what, wait.toMillis(), e.getMessage());
                time.pause(wait);
                pause = pause.multipliedBy(2).compareTo(longest) > 0 ? longest : pause.multipliedBy(2);
            }
        }
    }

    private static boolean isTransient(IOException failure) {
        if (failure instanceof CoordinatorException problem) {
            return problem.isTransient();
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                return false; // a coordinator that is not trusted now will not be in a minute
            }
        }
        return true;
    }

    private Duration shortened(Duration pause) {
        return Duration.ofMillis(Math.max(1, pause.toMillis() - jitter.nextLong(1 + pause.toMillis() / 2)));
    }
}
