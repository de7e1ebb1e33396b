package dev.fedlora.examples.dl4j;

import java.util.List;
import java.util.SplittableRandom;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Makes up sensor readings of machines in four conditions. Synthetic: no machine was ever measured for this.
 *
 * <p>Every condition has a centre among the readings, and readings scatter around it with a standard deviation of {@value
 * #SCATTER}. In the field, the sensors of each pair are mounted the other way round than in the laboratory, so a network that
 * was trained there errs. Immutable, thread-safe.
 */
public final class SyntheticMachines {
    /** The classes; each workshop has met machines that are healthy and machines with one fault. */
    public static final List<String> CONDITIONS = List.of("healthy", "bearing", "pump", "valve");

    /** Sensors of a machine. */
    public static final int SENSORS = 8;

    private static final double SCATTER = 0.6;

    private final double[][] centres;
    private final long seed;

    /** Makes machines whose centres, and all of whose readings, follow from {@code seed}. */
    public SyntheticMachines(long seed) {
        this.seed = seed;
        SplittableRandom random = new SplittableRandom(seed);
        this.centres = new double[CONDITIONS.size()][SENSORS];
        for (double[] centre : centres) {
            for (int sensor = 0; sensor < SENSORS; sensor++) {
                centre[sensor] = random.nextGaussian();
            }
        }
    }

    /** Returns readings of all conditions under laboratory conditions: anybody may see them. */
    public DataSet laboratory(int ofEach) {
        return readings(false, ofEach, 1, 0, 1, 2, 3);
    }

    /**
     * Returns what one workshop has measured in the field.
     *
     * @param workshop 0 to 2
     */
    public DataSet workshop(int workshop, int ofEach) {
        return readings(true, ofEach, 2 + workshop, 0, 1 + workshop);
    }

    /** Returns readings of all conditions in the field, that no workshop has. */
    public DataSet test(int ofEach) {
        return readings(true, ofEach, 5, 0, 1, 2, 3);
    }

    private DataSet readings(boolean inTheField, int ofEach, int stream, int... conditions) {
        SplittableRandom random = new SplittableRandom(seed * 31 + stream); // a stream of its own for each data set
        float[][] features = new float[ofEach * conditions.length][SENSORS];
        float[][] labels = new float[features.length][CONDITIONS.size()];
        for (int i = 0; i < features.length; i++) {
            int condition = conditions[i % conditions.length];
            labels[i][condition] = 1;
            for (int sensor = 0; sensor < SENSORS; sensor++) {
                int mounted = inTheField ? sensor ^ 1 : sensor; // the other one of its pair
                features[i][mounted] = (float) (centres[condition][sensor] + SCATTER * random.nextGaussian());
            }
        }
        return new DataSet(Nd4j.createFromArray(features), Nd4j.createFromArray(labels));
    }
}
