package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.SessionId;

/**
 * A plan that passed {@link PlanChecks}; only they make one, so a client cannot enter a round unchecked. Immutable.
 */
public final class CheckedPlan {
    private final RoundPlan plan;
    private final Roster roster;
    private final SessionId session;

    CheckedPlan(RoundPlan plan, Roster roster) {
        this.plan = plan;
        this.roster = roster;
        this.session = plan.id();
    }

    /** Returns the plan. */
    public RoundPlan plan() {
        return plan;
    }

    /** Returns the roster that the plan names. */
    public Roster roster() {
        return roster;
    }

    /** Returns the session id. */
    public SessionId session() {
        return session;
    }

    /**
     * Returns {@code adapter} when it is the one the round starts from.
     *
     * @throws ProtocolException {@link Reason#WRONG_ADAPTER}
     */
    public byte[] requireAdapter(byte[] adapter) {
        Bytes hash = Bytes.sha256(adapter);
        if (!hash.equals(plan.adapterHash())) {
            throw new ProtocolException(
                    Reason.WRONG_ADAPTER,
                    "adapter of round %d must have SHA-256 %s, got %s"
                            .formatted(plan.round(), plan.adapterHash(), hash));
        }
        return adapter;
    }
}
