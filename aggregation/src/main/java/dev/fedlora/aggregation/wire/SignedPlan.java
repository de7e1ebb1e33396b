package dev.fedlora.aggregation.wire;

import dev.fedlora.aggregation.crypto.IdentityKeys;

/**
 * A plan and the coordinator's signature over it. Clients pin the coordinator's key.
 *
 * @param plan of the round
 * @param signature Ed25519 over the plan's canonical bytes, 64 bytes
 */
public record SignedPlan(RoundPlan plan, Bytes signature) {
    /** @throws IllegalArgumentException when the signature has not 64 bytes */
    public SignedPlan {
        Sizes.require("plan signature", Sizes.SIGNATURE, signature);
    }

    /** Signs {@code plan} with the coordinator's key. */
    public static SignedPlan sign(RoundPlan plan, IdentityKeys coordinator) {
        return new SignedPlan(plan, Bytes.of(coordinator.sign(plan.canonicalBytes())));
    }

    /** Says whether the coordinator with this public key signed the plan. */
    public boolean isSignedBy(Bytes coordinatorKey) {
        return IdentityKeys.verify(coordinatorKey.toArray(), plan.canonicalBytes(), signature.toArray());
    }
}
