package dev.fedlora.lora.tensor;

/**
 * What a transformer does to rows between its products. Shapes: R rows of K columns, given as {@link Panel}s.
 *
 * <p>Runs on the Vector API where this JVM has it, else on plain loops in double, which are the specification; the two
 * agree to about 1e-6 of the largest value. Results depend on the arguments and the processor's vector length, never on
 * thread or time. In-place use is allowed wherever an argument is named as both source and result. Stateless and
 * thread-safe.
 */
public final class RowKernels {
    private static final RowMath MATH =
            IncubatorClasses.load("VectorRows", RowMath.class).orElseGet(PlainRows::new);

    private RowKernels() {}

    /** Returns which kernels run: {@code plain}, or {@code vector} with its width in bits. */
    public static String name() {
        return MATH.name();
    }

    /** x = softmax of each row; minus infinity gives 0, a row of nothing else NaN. */
    public static void softmax(Panel x, int rows, int columns) {
        x.requireHolds("x of softmax", rows, columns);
        MATH.softmax(x, rows, columns);
    }

    /** dp = p (dp - sum(p dp)) in each row: the gradient before the softmax whose result was {@code p}. */
    public static void softmaxBackward(Panel p, int rows, int columns, Panel dp) {
        p.requireHolds("p of softmax", rows, columns);
        dp.requireHolds("dp of softmax", rows, columns);
        MATH.softmaxBackward(p, rows, columns, dp);
    }

    /** y = layer norm of each row of x; y may be x. */
    public static void layerNorm(LayerNorm norm, Panel x, int rows, Panel y) {
        x.requireHolds("x of layer norm", rows, norm.columns());
        y.requireHolds("y of layer norm", rows, norm.columns());
        MATH.layerNorm(norm, x, rows, y);
    }

    /** dy becomes dx: the gradient before the layer norm whose input was {@code x}. Mean and deviation are recomputed. */
    public static void layerNormBackward(LayerNorm norm, Panel x, int rows, Panel dy) {
        x.requireHolds("x of layer norm", rows, norm.columns());
        dy.requireHolds("dy of layer norm", rows, norm.columns());
        MATH.layerNormBackward(norm, x, rows, dy);
    }

    /**
     * y = x Φ(x), Φ the normal distribution by erf, not its tanh approximation; error at most 1e-6. y may be x.
     *
     * <p>Hendrycks, Gimpel, Gaussian Error Linear Units, 2016 (arXiv 1606.08415).
     */
    public static void gelu(Panel x, int rows, int columns, Panel y) {
        x.requireHolds("x of gelu", rows, columns);
        y.requireHolds("y of gelu", rows, columns);
        MATH.gelu(x, rows, columns, y);
    }

    /** dy becomes dx: dx = dy (Φ(x) + x φ(x)), x the input of {@link #gelu}. */
    public static void geluBackward(Panel x, int rows, int columns, Panel dy) {
        x.requireHolds("x of gelu", rows, columns);
        dy.requireHolds("dy of gelu", rows, columns);
        MATH.geluBackward(x, rows, columns, dy);
    }

    /** y = y + x. */
    public static void add(Panel x, int rows, int columns, Panel y) {
        axpy(1, x, rows, columns, y);
    }

    /** y = y + scale x. */
    public static void axpy(float scale, Panel x, int rows, int columns, Panel y) {
        x.requireHolds("x of axpy", rows, columns);
        y.requireHolds("y of axpy", rows, columns);
        MATH.axpy(scale, x, rows, columns, y);
    }

    /** Adds {@code row}, such as a bias, to every row of y. */
    public static void addRow(float[] row, Panel y, int rows) {
        y.requireHolds("y of addRow", rows, row.length);
        MATH.addRow(row, y, rows);
    }

    /** x = factor x. */
    public static void scale(float factor, Panel x, int rows, int columns) {
        x.requireHolds("x of scale", rows, columns);
        MATH.scale(factor, x, rows, columns);
    }

    /** Returns the sum of products over all values, products and sum in double. */
    public static double dot(Panel x, Panel y, int rows, int columns) {
        x.requireHolds("x of dot", rows, columns);
        y.requireHolds("y of dot", rows, columns);
        return MATH.dot(x, y, rows, columns);
    }

    /** Returns the squared L2 norm of all values, in double. */
    public static double sumOfSquares(Panel x, int rows, int columns) {
        return dot(x, x, rows, columns);
    }

    /**
     * Takes one AdamW step.
     *
     * @param parameters changed in place
     * @param gradient as long as the parameters
     * @param first the running mean m, changed in place
     * @param second the running mean of squares v, changed in place
     * @throws IllegalArgumentException when the lengths differ
     */
    public static void adamW(AdamWStep step, float[] parameters, float[] gradient, float[] first, float[] second) {
        int length = parameters.length;
        if (gradient.length != length || first.length != length || second.length != length) {
            throw new IllegalArgumentException("AdamW over %d parameters got %d gradients and moments of %d and %d"
                    .formatted(length, gradient.length, first.length, second.length));
        }
        MATH.adamW(step, parameters, gradient, first, second);
    }
}
