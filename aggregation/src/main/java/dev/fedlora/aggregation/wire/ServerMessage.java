package dev.fedlora.aggregation.wire;

/** A message of the server: the answer to a phase, or the end of the round. */
public sealed interface ServerMessage
        permits KeyRoster, ShareDelivery, SurvivorList, SignatureList, RoundResult, RoundAborted {
    /** Returns the session this message belongs to. */
    SessionId session();
}
