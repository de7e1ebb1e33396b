package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.quant.Quantizer;
import java.util.Arrays;

/** A quick look at how fast a back end is: one typical product on one thread. */
final class MatrixBenchmark {
    private static final int ROWS = 256;
    private static final int WIDTH = 384;
    // compiled Java needs some rounds to warm up; small ones, so that interpreted code gets through many
    private static final int WARM_UP_ROWS = 16;
    private static final long WARM_UP_NANOS = 120_000_000;
    private static final long MEASURED_NANOS = 50_000_000;

    private MatrixBenchmark() {}

    /** Returns the speed of the fastest of several products in 10^9 additions and multiplications a second. */
    static double gigaflops(MatrixBackend backend) {
        return backend instanceof OneDnnBackend oneDnn ? oneDnn.gigaflops(ROWS, WIDTH) : compiled(backend);
    }

    private static double compiled(MatrixBackend backend) {
        float[] x = new float[ROWS * WIDTH];
        Arrays.fill(x, 0.5f);
        float[] y = new float[ROWS * WIDTH];
        QuantizedMatrix weight = Quantizer.matrix("benchmark", QuantizationType.Q8_0, WIDTH, WIDTH, weights());
        try (MatrixProducts products = backend.open()) {
            long small = fastest(
                    WARM_UP_NANOS,
                    () -> products.forward(weight, Panel.of(x, WIDTH), WARM_UP_ROWS, Panel.of(y, WIDTH), false));
            if (small * (ROWS / WARM_UP_ROWS) > MEASURED_NANOS) { // not compiled yet, and in no time to wait for
                return 2.0 * WARM_UP_ROWS * WIDTH * WIDTH / small;
            }
            long whole = fastest(
                    MEASURED_NANOS,
                    () -> products.forward(weight, Panel.of(x, WIDTH), ROWS, Panel.of(y, WIDTH), false));
            return 2.0 * ROWS * WIDTH * WIDTH / whole;
        }
    }

    private static long fastest(long nanos, Runnable product) {
        long best = Long.MAX_VALUE;
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos) {
            long begin = System.nanoTime();
            product.run();
            best = Math.min(best, System.nanoTime() - begin);
        }
        return best;
    }

    private static float[] weights() {
        float[] weights = new float[WIDTH * WIDTH];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (i * 31 % 127 - 63) / 64f; // anything that is not all the same
        }
        return weights;
    }
}
