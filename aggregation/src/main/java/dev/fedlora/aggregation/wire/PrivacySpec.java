package dev.fedlora.aggregation.wire;

/**
 * The privacy guarantee of a task: DP-SGD inside every client. The settings are the same for all clients, and epsilon
 * depends on noise multiplier, sampling rate and number of steps alone, so the coordinator knows it without learning how
 * much data a client has.
 *
 * @param epsilon budget that the whole task may not exceed
 * @param delta of the guarantee, in (0, 1)
 * @param noiseMultiplier standard deviation of the noise over the gradient clip, at most 1000
 * @param gradientClip L2 norm that the gradient of one unit is clipped to
 * @param samplingRate probability of a unit to be in a batch, in (0, 1]; batches are Poisson samples
 * @param stepsPerRound training steps of a client in one round
 * @param unit what is protected: {@code record} or {@code group}
 */
public record PrivacySpec(
        double epsilon,
        double delta,
        double noiseMultiplier,
        double gradientClip,
        double samplingRate,
        int stepsPerRound,
        String unit) {
    /** What the exact sampler of the noise takes in 64-bit integers; nothing is left of any signal long before. */
    private static final double MOST_NOISE = 1000;

    void addProblems(Problems problems) {
        problems.positive("privacy.epsilon", epsilon);
        problems.require(delta > 0 && delta < 1, "privacy.delta must be in (0, 1), got " + delta);
        problems.positive("privacy.noiseMultiplier", noiseMultiplier);
        problems.require(
                !(noiseMultiplier > MOST_NOISE),
                "privacy.noiseMultiplier must be at most " + MOST_NOISE + ", got " + noiseMultiplier);
        problems.positive("privacy.gradientClip", gradientClip);
        problems.require(
                samplingRate > 0 && samplingRate <= 1, "privacy.samplingRate must be in (0, 1], got " + samplingRate);
        problems.atLeast("privacy.stepsPerRound", 1, stepsPerRound);
        problems.require(
                "record".equals(unit) || "group".equals(unit),
                "privacy.unit must be 'record' or 'group', got '" + unit + "'");
    }

    void writeTo(ByteWriter out) {
        out.f64(epsilon).f64(delta).f64(noiseMultiplier).f64(gradientClip);
        out.f64(samplingRate).u32(stepsPerRound).text(unit);
    }
}
