package dev.fedlora.aggregation.wire;

import java.util.List;

/**
 * The shares a client reveals: of the self-mask seed of every survivor, of the mask key of every client that was lost
 * after it shared. Never both of one client.
 *
 * @param session of the round
 * @param client sender
 * @param seedShares of survivors, in ascending order of the owner
 * @param keyShares of lost clients, in ascending order of the owner
 */
public record Unmasking(SessionId session, long client, List<RevealedShare> seedShares, List<RevealedShare> keyShares)
        implements ClientMessage {
    /** @throws IllegalArgumentException when an order is wrong or a client occurs in both lists */
    public Unmasking {
        Sizes.requireClient(client);
        seedShares = List.copyOf(seedShares);
        keyShares = List.copyOf(keyShares);
        List<Long> seedOwners = owners(seedShares);
        List<Long> keyOwners = owners(keyShares);
        Sizes.requireAscending("seedShares", seedOwners);
        Sizes.requireAscending("keyShares", keyOwners);
        for (long owner : keyOwners) {
            if (seedOwners.contains(owner)) {
                throw new IllegalArgumentException("both shares of client " + owner);
            }
        }
    }

    private static List<Long> owners(List<RevealedShare> shares) {
        return shares.stream().map(RevealedShare::owner).toList();
    }

    /**
     * One share of one client's secret. It prints its owner only.
     *
     * @param owner whose secret it is a share of
     * @param x of the point: 1 + the sender's position in the roster
     * @param limbs five big-endian numbers of 8 bytes
     */
    public record RevealedShare(long owner, int x, Bytes limbs) {
        /** @throws IllegalArgumentException when {@code limbs} has not 40 bytes */
        public RevealedShare {
            Sizes.require("share", Sizes.SHARE, limbs);
        }

        @Override
        public String toString() {
            return "RevealedShare[of client " + owner + "]";
        }

        private void writeTo(ByteWriter out) {
            out.u64(owner).u32(x).fixed(limbs);
        }

        private static RevealedShare readFrom(ByteReader in) {
            return new RevealedShare(in.u64("owner"), in.u32("x"), in.fixed("share", Sizes.SHARE));
        }
    }

    @Override
    public Phase phase() {
        return Phase.UNMASK;
    }

    void writeTo(ByteWriter out) {
        out.u64(client);
        out.list(seedShares, (to, share) -> share.writeTo(to));
        out.list(keyShares, (to, share) -> share.writeTo(to));
    }

    static Unmasking readFrom(SessionId session, ByteReader in) {
        int least = 8 + 4 + Sizes.SHARE;
        return new Unmasking(
                session,
                in.u64("client"),
                in.list("seedShares", least, RevealedShare::readFrom),
                in.list("keyShares", least, RevealedShare::readFrom));
    }
}
