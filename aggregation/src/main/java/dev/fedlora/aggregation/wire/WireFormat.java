package dev.fedlora.aggregation.wire;

import dev.fedlora.aggregation.wire.ProtocolException.Reason;

/**
 * The bytes of messages and plans, version 1.
 *
 * <pre>
 * "FLR"  version u8  type u8  session id (32 bytes; not for a plan)  fields in the order of the record
 * numbers are big-endian; doubles their IEEE 754 bits; text u32 length and UTF-8; lists u32 count and items
 * </pre>
 *
 * <p>Canonical: whatever is decoded encodes to the same bytes; everything else is refused as
 * {@link Reason#MALFORMED}, before anything of a claimed length is allocated. Stateless and thread-safe.
 */
public final class WireFormat {
    /** Longest message accepted: 128 clients need 20 KiB; the rest is room for larger graphs. */
    public static final int MAX_MESSAGE_BYTES = 1 << 20;

    private static final byte[] MAGIC = {'F', 'L', 'R', (byte) RoundPlan.VERSION};

    /** What follows; the order is the wire code. */
    private enum Type {
        PLAN,
        KEY_ADVERTISEMENT,
        SEALED_SHARES,
        SURVIVOR_SIGNATURE,
        UNMASKING,
        KEY_ROSTER,
        SHARE_DELIVERY,
        SURVIVOR_LIST,
        SIGNATURE_LIST,
        ROUND_RESULT,
        ROUND_ABORTED
    }

    private WireFormat() {}

    /** Returns the bytes of a signed plan. */
    public static byte[] encode(SignedPlan signed) {
        ByteWriter out = new ByteWriter().fixed(MAGIC).u8(Type.PLAN.ordinal());
        signed.plan().writeTo(out);
        return out.fixed(signed.signature()).toArray();
    }

    /** Returns the bytes of a client's message. */
    public static byte[] encode(ClientMessage message) {
        if (message instanceof KeyAdvertisement m) {
            ByteWriter out = start(Type.KEY_ADVERTISEMENT, m.session());
            m.writeTo(out);
            return out.toArray();
        } else if (message instanceof SealedShares m) {
            ByteWriter out = start(Type.SEALED_SHARES, m.session());
            m.writeTo(out);
            return out.toArray();
        } else if (message instanceof SurvivorSignature m) {
            ByteWriter out = start(Type.SURVIVOR_SIGNATURE, m.session());
            m.writeTo(out);
            return out.toArray();
        } else if (message instanceof Unmasking m) {
            ByteWriter out = start(Type.UNMASKING, m.session());
            m.writeTo(out);
            return out.toArray();
        }
        throw new IllegalStateException("a client message without a wire form: " + message.getClass());
    }

    /** Returns the bytes of a server's message. */
    public static byte[] encode(ServerMessage message) {
        ByteWriter out = start(typeOf(message), message.session());
        if (message instanceof KeyRoster m) {
            m.writeTo(out);
        } else if (message instanceof ShareDelivery m) {
            m.writeTo(out);
        } else if (message instanceof SurvivorList m) {
            m.writeTo(out);
        } else if (message instanceof SignatureList m) {
            m.writeTo(out);
        } else if (message instanceof RoundResult m) {
            m.writeTo(out);
        } else if (message instanceof RoundAborted m) {
            m.writeTo(out);
        }
        return out.toArray();
    }

    private static Type typeOf(ServerMessage message) {
        if (message instanceof KeyRoster) {
            return Type.KEY_ROSTER;
        } else if (message instanceof ShareDelivery) {
            return Type.SHARE_DELIVERY;
        } else if (message instanceof SurvivorList) {
            return Type.SURVIVOR_LIST;
        } else if (message instanceof SignatureList) {
            return Type.SIGNATURE_LIST;
        } else if (message instanceof RoundResult) {
            return Type.ROUND_RESULT;
        } else if (message instanceof RoundAborted) {
            return Type.ROUND_ABORTED;
        }
        throw new IllegalStateException("a server message without a wire form: " + message.getClass());
    }

    private static ByteWriter start(Type type, SessionId session) {
        return new ByteWriter().fixed(MAGIC).u8(type.ordinal()).fixed(session.value());
    }

    /**
     * Reads a signed plan.
     *
     * @throws ProtocolException {@link Reason#MALFORMED}
     */
    public static SignedPlan decodePlan(byte[] message) {
        return decode(message, (type, in) -> {
            if (type != Type.PLAN) {
                throw ByteReader.malformed("expected a plan, got " + type);
            }
            return new SignedPlan(RoundPlan.readFrom(in), in.fixed("signature", Sizes.SIGNATURE));
        });
    }

    /**
     * Reads a client's message.
     *
     * @throws ProtocolException {@link Reason#MALFORMED}
     */
    public static ClientMessage decodeClient(byte[] message) {
        return decode(message, WireFormat::clientMessage);
    }

    private static ClientMessage clientMessage(Type type, ByteReader in) {
        SessionId session = new SessionId(in.fixed("session", SessionId.SIZE));
        return switch (type) {
            case KEY_ADVERTISEMENT -> KeyAdvertisement.readFrom(session, in);
            case SEALED_SHARES -> SealedShares.readFrom(session, in);
            case SURVIVOR_SIGNATURE -> SurvivorSignature.readFrom(session, in);
            case UNMASKING -> Unmasking.readFrom(session, in);
            case PLAN, KEY_ROSTER, SHARE_DELIVERY, SURVIVOR_LIST, SIGNATURE_LIST, ROUND_RESULT, ROUND_ABORTED ->
                throw ByteReader.malformed("expected a client's message, got " + type);
        };
    }

    /**
     * Reads a server's message.
     *
     * @throws ProtocolException {@link Reason#MALFORMED}
     */
    public static ServerMessage decodeServer(byte[] message) {
        return decode(message, WireFormat::serverMessage);
    }

    private static ServerMessage serverMessage(Type type, ByteReader in) {
        SessionId session = new SessionId(in.fixed("session", SessionId.SIZE));
        return switch (type) {
            case KEY_ROSTER -> KeyRoster.readFrom(session, in);
            case SHARE_DELIVERY -> ShareDelivery.readFrom(session, in);
            case SURVIVOR_LIST -> SurvivorList.readFrom(session, in);
            case SIGNATURE_LIST -> SignatureList.readFrom(session, in);
            case ROUND_RESULT -> RoundResult.readFrom(session, in);
            case ROUND_ABORTED -> RoundAborted.readFrom(session, in);
            case PLAN, KEY_ADVERTISEMENT, SEALED_SHARES, SURVIVOR_SIGNATURE, UNMASKING ->
                throw ByteReader.malformed("expected a server's message, got " + type);
        };
    }

    private interface Body<T> {
        T read(Type type, ByteReader in);
    }

    private static <T> T decode(byte[] message, Body<T> body) {
        if (message.length > MAX_MESSAGE_BYTES) {
            throw ByteReader.malformed(
                    "message must be at most " + MAX_MESSAGE_BYTES + " bytes, got " + message.length);
        }
        ByteReader in = new ByteReader(message);
        if (!in.fixed("magic and version", MAGIC.length).equals(Bytes.of(MAGIC))) {
            throw ByteReader.malformed("message does not start with FLR and version " + RoundPlan.VERSION);
        }
        int code = in.u8("type");
        if (code >= Type.values().length) {
            throw ByteReader.malformed("unknown message type " + code);
        }
        try {
            T value = body.read(Type.values()[code], in);
            in.end();
            return value;
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(Reason.MALFORMED, String.valueOf(e.getMessage()), e);
        }
    }
}
