package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.KeyAdvertisement;
import dev.fedlora.aggregation.wire.KeyRoster;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.SealedShares;
import dev.fedlora.aggregation.wire.ShareDelivery;
import dev.fedlora.aggregation.wire.SignatureList;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.SurvivorSignature;
import dev.fedlora.aggregation.wire.Unmasking;
import java.security.SecureRandom;

/**
 * One client's side of one round. The five methods are called once each, in their order; any violation by the server
 * throws a {@link dev.fedlora.aggregation.wire.ProtocolException}, wipes every key, and ends the session. In the clear
 * protocol only {@link #plain} is called.
 *
 * <p>Not thread-safe.
 */
public final class ClientSession implements AutoCloseable {
    private final CheckedPlan plan;

    /**
     * Opens the session.
     *
     * @param plan that passed {@link PlanChecks}
     * @param client own id
     * @param identity own long-term key, whose public half is on the roster; stays the caller's
     * @param random a cryptographic generator
     * @throws IllegalArgumentException when the roster has no such client, or another key for it
     */
    public ClientSession(CheckedPlan plan, long client, IdentityKeys identity, SecureRandom random) {
        this.plan = plan;
    }

    /** Phase KEYS: makes the session's keys. */
    public KeyAdvertisement advertise() {
        throw new UnsupportedOperationException(plan.toString());
    }

    /** Phase SHARES: checks everybody's keys and shares both secrets. */
    public SealedShares share(KeyRoster keys) {
        throw new UnsupportedOperationException();
    }

    /**
     * Phase MASKED: opens the shares and masks the vector.
     *
     * @throws IllegalArgumentException when the vector has another length than the plan's dimension; the session goes on
     */
    public MaskedVector mask(ShareDelivery shares, int[] ringVector) {
        throw new UnsupportedOperationException();
    }

    /** The one message of a round in the clear. */
    public MaskedVector plain(int[] ringVector) {
        throw new UnsupportedOperationException();
    }

    /** Phase SURVIVORS: signs the list of survivors. */
    public SurvivorSignature confirm(SurvivorList survivors) {
        throw new UnsupportedOperationException();
    }

    /** Phase UNMASK: checks that enough clients signed the same list, reveals one share a client, wipes all keys. */
    public Unmasking unmask(SignatureList signatures) {
        throw new UnsupportedOperationException();
    }

    /** Says whether every key is wiped: after the last phase, a violation, or {@link #close()}. */
    public boolean isClosed() {
        throw new UnsupportedOperationException();
    }

    /** Wipes every key. */
    @Override
    public void close() {}
}
