package dev.fedlora.lora.dl4j;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Between Deeplearning4j's matrices (inputs × outputs, column-major) and an adapter's arrays (outputs × inputs, row-major):
 * the same values in the same order. Stateless.
 */
final class NetworkParameters {
    private NetworkParameters() {}

    /** Returns a copy of the values, column by column. */
    static float[] floats(INDArray matrix) {
        return matrix.dup('f').data().asFloat();
    }

    /** Overwrites a matrix, column by column, with {@code values} from {@code from} on. */
    static void assign(INDArray matrix, float[] values, int from) {
        int length = Math.toIntExact(matrix.length());
        matrix.assign(Nd4j.createFromArray(Arrays.copyOfRange(values, from, from + length))
                .castTo(matrix.dataType())
                .reshape('f', matrix.shape()));
    }
}
