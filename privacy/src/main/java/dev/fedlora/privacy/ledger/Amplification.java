package dev.fedlora.privacy.ledger;

/**
 * Why a sampling rate below 1 may be accounted for: sampling amplifies privacy only against those who do not see who was
 * sampled, and only when it is Poisson sampling.
 */
public enum Amplification {
    /** Not claimed: the audience knows who took part, or the sampling is not Poisson. The sampling rate is 1. */
    NONE,
    /**
     * Records, or groups of them, are drawn by Poisson sampling inside the client, which keeps the draw to itself. Holds
     * against the coordinator as well as against outsiders, since neither learns which records a step used.
     */
    RECORDS,
    /**
     * Clients are drawn by Poisson sampling and only the coordinator and the drawn ones know. Holds against outsiders;
     * never against the coordinator.
     */
    COHORT;

    boolean holdsAgainst(Audience audience) {
        return this != COHORT || audience != Audience.COORDINATOR;
    }
}
