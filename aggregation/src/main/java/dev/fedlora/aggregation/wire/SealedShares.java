package dev.fedlora.aggregation.wire;

import java.util.List;

/**
 * A client's shares of its two secrets, one sealed box for each other client that advertised keys.
 *
 * @param session of the round
 * @param client sender
 * @param seedCommitment hash that binds the sender to its self-mask seed: a wrong reconstruction is noticed by it
 * @param boxes in ascending order of the recipient
 */
public record SealedShares(SessionId session, long client, Bytes seedCommitment, List<Box> boxes)
        implements ClientMessage {
    /** @throws IllegalArgumentException when a length or the order of the boxes is wrong */
    public SealedShares {
        Sizes.requireClient(client);
        Sizes.require("seedCommitment", Sizes.HASH, seedCommitment);
        boxes = List.copyOf(boxes);
        Sizes.requireAscending("boxes", boxes.stream().map(Box::to).toList());
    }

    /**
     * Shares that only the recipient can open.
     *
     * @param to recipient
     * @param sealed AES-256-GCM nonce, ciphertext and tag, 112 bytes
     */
    public record Box(long to, Bytes sealed) {
        /** @throws IllegalArgumentException when {@code sealed} has not 112 bytes */
        public Box {
            Sizes.require("box", Sizes.BOX, sealed);
        }
    }

    @Override
    public Phase phase() {
        return Phase.SHARES;
    }

    void writeTo(ByteWriter out) {
        out.u64(client).fixed(seedCommitment);
        out.list(boxes, (to, box) -> to.u64(box.to()).fixed(box.sealed()));
    }

    static SealedShares readFrom(SessionId session, ByteReader in) {
        return new SealedShares(
                session,
                in.u64("client"),
                in.fixed("seedCommitment", Sizes.HASH),
                in.list("boxes", 8 + Sizes.BOX, box -> new Box(box.u64("to"), box.fixed("box", Sizes.BOX))));
    }
}
