package dev.fedlora.client.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fedlora.client.testing.VirtualTime;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RetryTest {
    private final VirtualTime time = new VirtualTime();
    private final Instant start = time.now();
    private final Retry retry = new Retry(time, Duration.ofSeconds(1), Duration.ofSeconds(8));
    private int attempts;

    @Test
    void until_connectionComesBack_returnsTheAnswer() throws Exception {
        String answer = retry.until(start.plusSeconds(100), "asking", () -> {
            if (++attempts < 4) {
                throw new ConnectException("refused");
            }
            return "there";
        });

        assertThat(answer).isEqualTo("there");
        assertThat(attempts).isEqualTo(4);
    }

    @Test
    void until_connectionStaysAway_givesUpBeforeTheDeadlineWithTheLastFailure() {
        assertThatExceptionOfType(ConnectException.class)
                .isThrownBy(() -> retry.until(start.plusSeconds(100), "asking", this::refuseConnection));

        assertThat(time.now()).isBeforeOrEqualTo(start.plusSeconds(100));
        assertThat(time.now()).isAfter(start.plusSeconds(90)); // the longest pause is 8 seconds
    }

    @Test
    void until_manyFailures_pausesDoubleUpToTheLongest() {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> retry.until(start.plusSeconds(60), "asking", this::refuseConnection));

        Duration full = Duration.ofSeconds(1);
        for (Duration pause : time.pauses()) {
            assertThat(pause).isBetween(full.dividedBy(2), full);
            full = full.multipliedBy(2).compareTo(Duration.ofSeconds(8)) > 0
                    ? Duration.ofSeconds(8)
                    : full.multipliedBy(2);
        }
    }

    @Test
    void until_deadlineAlreadyPast_makesOneAttempt() {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> retry.until(start.minusSeconds(1), "asking", this::refuseConnection));

        assertThat(attempts).isEqualTo(1);
    }

    @Test
    void until_refusalByTheCoordinator_isNotRepeated() {
        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(() -> retry.until(start.plusSeconds(100), "asking", () -> refuse(403)))
                .withMessage("the coordinator answered 403 forbidden: not on the roster");

        assertThat(attempts).isEqualTo(1);
    }

    @Test
    void until_overloadedCoordinator_isAskedAgain() {
        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(() -> retry.until(start.plusSeconds(100), "asking", () -> refuse(503)));

        assertThat(attempts).isGreaterThan(5);
    }

    @Test
    void until_interrupted_stops() {
        assertThatExceptionOfType(InterruptedException.class)
                .isThrownBy(() -> retry.until(start.plusSeconds(100), "asking", () -> {
                    Thread.currentThread().interrupt();
                    throw new ConnectException("refused");
                }));
    }

    @Test
    void construct_pausesThatDoNotGrow_areRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Retry(time, Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .withMessage("pauses must grow from a positive length, got PT2S to PT1S");
    }

    private String refuseConnection() throws IOException {
        attempts++;
        throw new ConnectException("refused");
    }

    private String refuse(int status) throws IOException {
        attempts++;
        throw new CoordinatorException(status, "forbidden", "not on the roster");
    }
}
