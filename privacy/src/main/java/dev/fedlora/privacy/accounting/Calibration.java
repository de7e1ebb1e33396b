package dev.fedlora.privacy.accounting;

import java.util.function.DoublePredicate;

/** The two questions asked before a run: how much noise does a budget need, and how many more rounds does it allow. */
public final class Calibration {
    /** Noise above it leaves nothing of any signal; a budget that asks for more cannot be met. */
    private static final double MOST_NOISE = 1e8;

    private static final double LEAST_NOISE = 1e-3;

    /** The noise is found to one part in 10^10, on the side that stays within the budget. */
    private static final double PRECISION = 1e-10;

    /** More rounds than any federation will see; larger answers are cut off here. */
    public static final long MOST_ROUNDS = 1L << 40;

    private Calibration() {}

    /**
     * Returns the least noise multiplier, and at least 0.001, with which {@code steps} more steps stay within {@code budget}.
     *
     * @param spent what is to be composed with, such as {@code Accountants.named("rdp")} for nothing yet
     * @throws IllegalArgumentException when a figure is out of range, or no amount of noise stays within the budget
     */
    public static double noiseMultiplier(
            Accountant spent, Budget budget, double samplingRate, long steps, NoiseKind noise) {
        DoublePredicate isEnough = multiplier -> spent.plus(new SampledGaussian(multiplier, samplingRate, noise), steps)
                .isWithin(budget);
        double enough = LEAST_NOISE;
        double tooLittle = 0;
        while (!isEnough.test(enough)) {
            tooLittle = enough;
            enough *= 4;
            if (enough > MOST_NOISE) {
                throw new IllegalArgumentException("budget epsilon " + budget.epsilon() + " at delta " + budget.delta()
                        + " cannot be met by " + steps + " steps at sampling rate " + samplingRate
                        + " with any noise multiplier up to " + MOST_NOISE + "; epsilon spent before them is "
                        + spent.epsilon(budget.delta()));
            }
        }
        while (tooLittle > 0 && enough - tooLittle > PRECISION * enough) {
            double middle = (enough + tooLittle) / 2;
            if (isEnough.test(middle)) {
                enough = middle;
            } else {
                tooLittle = middle;
            }
        }
        return enough;
    }

    /**
     * Returns how many more rounds of {@code steps} times {@code event} stay within {@code budget}; 0 when none does,
     * {@link #MOST_ROUNDS} when there is no end to them.
     *
     * @throws IllegalArgumentException when {@code steps} is not in [1, 2^22]
     */
    public static long roundsLeft(Accountant spent, Budget budget, PrivacyEvent event, long steps) {
        if (steps < 1 || steps > (1L << 22)) {
            throw new IllegalArgumentException("steps in a round are " + steps + ", must be in [1, 2^22]");
        }
        long possible = 0;
        long tooMany = 1;
        while (spent.plus(event, tooMany * steps).isWithin(budget)) {
            possible = tooMany;
            tooMany *= 2;
            if (tooMany > MOST_ROUNDS) {
                return MOST_ROUNDS;
            }
        }
        while (tooMany - possible > 1) {
            long middle = (possible + tooMany) / 2;
            if (spent.plus(event, middle * steps).isWithin(budget)) {
                possible = middle;
            } else {
                tooMany = middle;
            }
        }
        return possible;
    }
}
