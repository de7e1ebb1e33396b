package dev.fedlora.coordinator.round;

import dev.fedlora.aggregation.wire.Bytes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A request that the coordinator does not serve; nothing is changed. Its message may be shown to the client. */
public final class RefusedException extends RuntimeException {
    /** Why. */
    public enum Reason {
        /** No task has this name. */
        UNKNOWN_TASK,
        /** No round has this session id. */
        UNKNOWN_ROUND,
        /** No adapter has this hash. */
        UNKNOWN_ADAPTER,
        /** The client is not on the roster. */
        UNKNOWN_CLIENT,
        /** The message names another session, phase or sender than it was sent to, for or by. */
        MISDIRECTED,
        /** The round's protocol does not have this phase. */
        NO_SUCH_PHASE,
        /** The round was aborted. */
        ROUND_ABORTED,
        /** The round ended well and takes no more messages. */
        ROUND_OVER,
        /** The task runs no more rounds; {@link RefusedException#adapter()} is its last adapter. */
        TASK_ENDED,
        /** The coordinator is being stopped. */
        STOPPING
    }

    private final Reason reason;
    private final @Nullable Bytes adapter;

    RefusedException(Reason reason, String message) {
        this(reason, message, null);
    }

    RefusedException(Reason reason, String message, @Nullable Bytes adapter) {
        super(message);
        this.reason = reason;
        this.adapter = adapter;
    }

    /** Returns why. */
    public Reason reason() {
        return reason;
    }

    /** Returns the hash of the last adapter when the task has ended. */
    public Optional<Bytes> adapter() {
        return Optional.ofNullable(adapter);
    }
}
