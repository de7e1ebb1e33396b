package dev.fedlora.aggregation.wire;

import java.util.List;

/**
 * The signatures over the list of survivors: U4.
 *
 * @param session of the round
 * @param signatures in ascending order of the client, each of this session
 */
public record SignatureList(SessionId session, List<SurvivorSignature> signatures) implements ServerMessage {
    /** @throws IllegalArgumentException when the order is wrong or a signature is of another session */
    public SignatureList {
        signatures = List.copyOf(signatures);
        Sizes.requireAscending(
                "signatures", signatures.stream().map(SurvivorSignature::client).toList());
        if (!signatures.stream().allMatch(signature -> signature.session().equals(session))) {
            throw new IllegalArgumentException("signatures must be of session " + session);
        }
    }

    void writeTo(ByteWriter out) {
        out.list(signatures, (to, signature) -> signature.writeTo(to));
    }

    static SignatureList readFrom(SessionId session, ByteReader in) {
        return new SignatureList(
                session,
                in.list("signatures", 8 + Sizes.SIGNATURE, entry -> SurvivorSignature.readFrom(session, entry)));
    }
}
