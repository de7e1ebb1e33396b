package dev.fedlora.lora.train;

/**
 * What a federated client needs of a model that it trains: a vector of parameters that goes in, learns from data that
 * stays here, and comes out. Any network that can be trained from a flat vector can implement it.
 *
 * <p>The meaning and order of the parameters are the trainer's own and the same at every participant; to everybody else
 * they are a vector of {@link #parameterCount()} values. State that an optimizer builds up lives within one call.
 *
 * <p>Not thread-safe.
 */
public interface LocalTrainer {
    /** Returns P, the length of the parameter vector. */
    int parameterCount();

    /** Returns a copy of the parameters. */
    float[] parameters();

    /**
     * Replaces the parameters.
     *
     * @throws IllegalArgumentException when there are not P values or one is not finite; nothing is changed then
     */
    void load(float[] parameters);

    /**
     * Trains on the part of the data that is this round's turn.
     *
     * @param seed of the order of the examples. Rounds of one task take the same seed, so that they go through the data in
     *     turn; it protects nothing
     * @param listener told after every step
     * @throws InterruptedException when the thread is interrupted; the parameters are those after the last whole step
     * @throws DivergedException when a loss or gradient is not finite; the parameters are those after the last whole step
     */
    TrainingReport train(TrainingPlan plan, long seed, ProgressListener listener) throws InterruptedException;

    /**
     * Trains so that the parameters that come out are differentially private with respect to one group of examples (Abadi et
     * al., CCS 2016, arXiv 1607.00133).
     *
     * <p>A gradient that is not finite counts as zero: what comes out, an exception included, must not depend on the data
     * but through the noised sums.
     *
     * <p>Whoever calls charges the privacy budget for the whole plan before the call: an exception does not give anything
     * back.
     *
     * @param randomness of batches and noise
     * @param listener told after every step; what it hears is private and must stay here
     * @throws InterruptedException when the thread is interrupted; the parameters are those after the last whole step
     */
    PrivateTrainingReport trainPrivately(
            PrivateTrainingPlan plan, PrivateRandomness randomness, ProgressListener listener)
            throws InterruptedException;

    /**
     * Evaluates the parameters on the examples held back for that.
     *
     * @throws IllegalStateException when none are held back
     * @throws InterruptedException when the thread is interrupted
     */
    Evaluation evaluate() throws InterruptedException;
}
