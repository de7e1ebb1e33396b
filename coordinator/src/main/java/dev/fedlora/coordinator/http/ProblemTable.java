package dev.fedlora.coordinator.http;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.RequestSignature;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.coordinator.round.RefusedException;
import dev.fedlora.coordinator.store.StoreException;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one table from what went wrong to what is answered. Its switches have no default: a new reason does not compile
 * until it has a line here.
 */
final class ProblemTable {
    private static final Logger LOG = LoggerFactory.getLogger(ProblemTable.class);

    private ProblemTable() {}

    static ProblemType of(RequestSignature.Refusal refusal) {
        return switch (refusal) {
            case MALFORMED_HEADERS -> ProblemType.SIGNATURE_MISSING;
            case UNKNOWN_CLIENT -> ProblemType.UNKNOWN_CLIENT;
            case CLOCK_SKEW -> ProblemType.CLOCK_SKEW;
            case BAD_SIGNATURE -> ProblemType.SIGNATURE_INVALID;
            case WRONG_BODY -> ProblemType.BODY_HASH_MISMATCH;
        };
    }

    static ProblemType of(ProtocolException.Reason reason) {
        return switch (reason) {
            case MALFORMED -> ProblemType.MALFORMED_MESSAGE;
            case WRONG_PHASE -> ProblemType.WRONG_PHASE;
            case UNKNOWN_CLIENT, COHORT_FULL -> ProblemType.NOT_IN_COHORT;
            case DUPLICATE -> ProblemType.DUPLICATE_MESSAGE;
            case WRONG_LENGTH -> ProblemType.WRONG_LENGTH;
            case TOO_FEW_CLIENTS -> ProblemType.ROUND_ABORTED;
            case WRONG_SESSION,
                    BAD_SIGNATURE,
                    BAD_KEY,
                    BAD_SHARE,
                    BAD_LIST,
                    PLAN_REFUSED,
                    WRONG_ADAPTER,
                    IMPLAUSIBLE_SUM -> ProblemType.MESSAGE_REFUSED;
        };
    }

    static ProblemType of(RefusedException.Reason reason) {
        return switch (reason) {
            case UNKNOWN_TASK -> ProblemType.UNKNOWN_TASK;
            case UNKNOWN_ROUND -> ProblemType.UNKNOWN_ROUND;
            case UNKNOWN_ADAPTER -> ProblemType.UNKNOWN_ADAPTER;
            case UNKNOWN_CLIENT -> ProblemType.UNKNOWN_CLIENT;
            case MISDIRECTED -> ProblemType.MESSAGE_REFUSED;
            case NO_SUCH_PHASE -> ProblemType.WRONG_PHASE;
            case ROUND_ABORTED -> ProblemType.ROUND_ABORTED;
            case ROUND_OVER -> ProblemType.ROUND_OVER;
            case TASK_ENDED -> ProblemType.TASK_FINISHED;
            case STOPPING -> ProblemType.NOT_READY;
        };
    }

    static ProblemType of(StoreException.Reason reason) {
        return switch (reason) {
            case FULL, LOCKED, READ_ONLY, INPUT_OUTPUT -> ProblemType.STORE_UNAVAILABLE;
            case DAMAGED, CONSTRAINT, OTHER -> ProblemType.INTERNAL_ERROR;
        };
    }

    /** Returns what is answered when a client asks about a round that was aborted. */
    static Problem of(RoundAborted abortion) {
        return Problem.of(
                ProblemType.ROUND_ABORTED,
                "round %s was aborted (%s): %s"
                        .formatted(
                                abortion.session(),
                                abortion.reason()
                                        .name()
                                        .toLowerCase(Locale.ROOT)
                                        .replace('_', '-'),
                                abortion.detail()));
    }

    /** Returns what is answered for {@code failure}; what the client cannot have caused is logged and not told. */
    static Problem of(Throwable failure) {
        if (failure instanceof CompletionException && failure.getCause() != null) {
            return of(failure.getCause());
        } else if (failure instanceof ProblemException known) {
            return known.problem();
        } else if (failure instanceof RefusedException refused) {
            Problem problem = Problem.of(of(refused.reason()), String.valueOf(refused.getMessage()));
            return refused.adapter().map(Bytes::hex).map(problem::withAdapter).orElse(problem);
        } else if (failure instanceof ProtocolException refused) {
            return Problem.of(of(refused.reason()), String.valueOf(refused.getMessage()));
        } else if (failure instanceof StoreException store) {
            LOG.error("{}", store.getMessage());
            return Problem.of(of(store.reason()), "the coordinator cannot use its store now; try again later");
        }
        LOG.error("a request failed", failure);
        return Problem.of(ProblemType.INTERNAL_ERROR, "the coordinator failed; its log has the details");
    }
}
