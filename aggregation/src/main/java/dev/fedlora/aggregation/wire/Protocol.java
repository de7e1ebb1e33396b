package dev.fedlora.aggregation.wire;

import java.util.List;

/** How the updates of a round travel. */
public enum Protocol {
    /** Masked: the coordinator learns the sum and the survivors. */
    SECAGG,
    /** In the clear: the coordinator sees every update. For comparisons, and for rules that need single updates. */
    PLAIN;

    /** Returns the phases of a round, in order. */
    public List<Phase> phases() {
        return this == SECAGG ? List.of(Phase.values()) : List.of(Phase.MASKED);
    }
}
