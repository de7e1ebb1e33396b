package dev.fedlora.aggregation.wire;

/** A message of a client in one phase. The masked vector is not among them: it is streamed, see {@link MaskedVector}. */
public sealed interface ClientMessage permits KeyAdvertisement, SealedShares, SurvivorSignature, Unmasking {
    /** Returns the session this message belongs to. */
    SessionId session();

    /** Returns the id of the sender. */
    long client();

    /** Returns the phase this message belongs to. */
    Phase phase();
}
