package dev.fedlora.testkit;

import java.util.SplittableRandom;
import java.util.function.Consumer;

/** Property tests on plain JUnit: many random cases, each from a seed of its own that a failure prints. */
public final class Property {
    private static final String SEED = "tests.seed";

    private Property() {}

    /**
     * Runs {@code law} on {@code cases} independent generators, or on the one seed given by {@code -Dtests.seed=HEX}.
     *
     * @throws AssertionError when a case fails; its message says how to run that case again
     */
    public static void forAll(int cases, Consumer<SplittableRandom> law) {
        String only = System.getProperty(SEED);
        if (only != null) {
            law.accept(new SplittableRandom(Long.parseUnsignedLong(only, 16)));
            return;
        }
        SplittableRandom seeds = new SplittableRandom();
        for (int done = 0; done < cases; done++) {
            long seed = seeds.nextLong();
            try {
                law.accept(new SplittableRandom(seed));
            } catch (AssertionError | RuntimeException failure) {
                String rerun = "case %d of %d: %s%nrun it again with -D%s=%016x";
                throw new AssertionError(rerun.formatted(done + 1, cases, failure.getMessage(), SEED, seed), failure);
            }
        }
    }

    /** Returns {@code length} values, uniform in [-1, 1). */
    public static float[] floats(SplittableRandom random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }
}
