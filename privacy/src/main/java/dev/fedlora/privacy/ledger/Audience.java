package dev.fedlora.privacy.ledger;

/** Against whom the privacy of a ledger is claimed. */
public enum Audience {
    /** Those who see released models and nothing of how they were made. */
    OUTSIDERS,
    /** The coordinator, which also knows which clients took part in which round. */
    COORDINATOR
}
