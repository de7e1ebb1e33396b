package dev.fedlora.client.training;

import dev.fedlora.privacy.sampler.SecureBits;

/** Where a client takes the random bits of a round from that are not keys: for rounding, and for private training. */
@FunctionalInterface
public interface RoundBits {
    /** What the bits are for; each use gets a stream of its own. */
    enum Use {
        /** Rounding an update to ring elements. */
        ROUNDING(0),
        /** Poisson batches and noise of private training. */
        PRIVATE_TRAINING(1);

        /** Keeps the streams of one round apart; part of what a seed means. */
        private final long stream;

        Use(long stream) {
            this.stream = stream;
        }
    }

    /** Returns a stream for one use in one round. */
    SecureBits of(long round, Use use);

    /** Returns bits that nobody can predict: the only ones that a privacy claim may rest on. */
    static RoundBits unpredictable() {
        return (round, use) -> new SecureBits();
    }

    /**
     * Returns the same bits for the same seed, round and use: for simulations and tests. What they protect is protected
     * from nobody who can guess the seed.
     */
    static RoundBits reproducibleNotPrivate(long seed) {
        // odd constants far apart, so that rounds and uses of nearby seeds do not meet
        return (round, use) -> SecureBits.reproducibleNotPrivate(
                seed * 0x9E3779B97F4A7C15L + round * 0xC2B2AE3D27D4EB4FL + use.stream * 0x165667B19E3779F9L);
    }
}
