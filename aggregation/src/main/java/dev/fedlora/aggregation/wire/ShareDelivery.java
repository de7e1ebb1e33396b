package dev.fedlora.aggregation.wire;

import java.util.List;

/**
 * The boxes that others sealed for one client; their senders and the client itself are U2.
 *
 * @param session of the round
 * @param client recipient
 * @param boxes in ascending order of the sender
 */
public record ShareDelivery(SessionId session, long client, List<Box> boxes) implements ServerMessage {
    /** @throws IllegalArgumentException when the order is wrong */
    public ShareDelivery {
        Sizes.requireClient(client);
        boxes = List.copyOf(boxes);
        Sizes.requireAscending("boxes", boxes.stream().map(Box::from).toList());
    }

    /**
     * A sealed box and who sent it.
     *
     * @param from sender
     * @param sealed AES-256-GCM nonce, ciphertext and tag, 112 bytes
     */
    public record Box(long from, Bytes sealed) {
        /** @throws IllegalArgumentException when {@code sealed} has not 112 bytes */
        public Box {
            Sizes.require("box", Sizes.BOX, sealed);
        }
    }

    void writeTo(ByteWriter out) {
        out.u64(client);
        out.list(boxes, (to, box) -> to.u64(box.from()).fixed(box.sealed()));
    }

    static ShareDelivery readFrom(SessionId session, ByteReader in) {
        return new ShareDelivery(
                session,
                in.u64("client"),
                in.list("boxes", 8 + Sizes.BOX, box -> new Box(box.u64("from"), box.fixed("box", Sizes.BOX))));
    }
}
