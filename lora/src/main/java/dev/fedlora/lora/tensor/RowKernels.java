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

    private static final DecoderMath DECODER =
            IncubatorClasses.load("VectorDecoderRows", DecoderMath.class).orElseGet(PlainDecoderRows::new);

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

    /** y = RMS norm of each row of x; y may be x. */
    public static void rmsNorm(RmsNorm norm, Panel x, int rows, Panel y) {
        x.requireHolds("x of RMS norm", rows, norm.columns());
        y.requireHolds("y of RMS norm", rows, norm.columns());
        DECODER.rmsNorm(norm, x, rows, y);
    }

    /** dy becomes dx: the gradient before the RMS norm whose input was {@code x}. */
    public static void rmsNormBackward(RmsNorm norm, Panel x, int rows, Panel dy) {
        x.requireHolds("x of RMS norm", rows, norm.columns());
        dy.requireHolds("dy of RMS norm", rows, norm.columns());
        DECODER.rmsNormBackward(norm, x, rows, new DecoderMath.Gradients(dy, dy, false));
    }

    /** Adds the gradient before the RMS norm whose input was {@code x} to dx, another array than dy. */
    public static void addRmsNormBackward(RmsNorm norm, Panel x, int rows, Panel dy, Panel dx) {
        x.requireHolds("x of RMS norm", rows, norm.columns());
        dy.requireHolds("dy of RMS norm", rows, norm.columns());
        dx.requireHolds("dx of RMS norm", rows, norm.columns());
        DECODER.rmsNormBackward(norm, x, rows, new DecoderMath.Gradients(dy, dx, true));
    }

    /**
     * y = gate σ(gate) up, σ the logistic function; y may be gate or up.
     *
     * <p>Shazeer, GLU Variants Improve Transformer, 2020 (arXiv 2002.05202).
     */
    public static void swiGlu(Panel gate, Panel up, int rows, int columns, Panel y) {
        gate.requireHolds("gate of SwiGLU", rows, columns);
        up.requireHolds("up of SwiGLU", rows, columns);
        y.requireHolds("y of SwiGLU", rows, columns);
        DECODER.swiGlu(gate, up, rows, columns, y);
    }

    /** gate becomes its gradient and up becomes its own; both as {@link #swiGlu} saw them, {@code dy} is left alone. */
    public static void swiGluBackward(Panel gate, Panel up, int rows, int columns, Panel dy) {
        gate.requireHolds("gate of SwiGLU", rows, columns);
        up.requireHolds("up of SwiGLU", rows, columns);
        dy.requireHolds("dy of SwiGLU", rows, columns);
        DECODER.swiGluBackward(gate, up, rows, columns, dy);
    }

    /**
     * Turns each head of each row of x by its position's angles, in place.
     *
     * @param positions of the rows, each within the rotation's tables
     * @param x rows × (heads · headWidth)
     */
    public static void rotate(Rotation rotation, int[] positions, Panel x, int rows, int heads) {
        rotate(rotation, positions, x, new DecoderMath.Turn(rows, heads, false));
    }

    /** The gradient before {@link #rotate}, in place: turns back by the same angles. */
    public static void rotateBackward(Rotation rotation, int[] positions, Panel dx, int rows, int heads) {
        rotate(rotation, positions, dx, new DecoderMath.Turn(rows, heads, true));
    }

    private static void rotate(Rotation rotation, int[] positions, Panel x, DecoderMath.Turn turn) {
        x.requireHolds("x of rotary positions", turn.rows(), turn.heads() * rotation.headWidth());
        for (int r = 0; r < turn.rows(); r++) {
            if (positions[r] < 0 || positions[r] >= rotation.positions()) {
                throw new IllegalArgumentException("row %d has position %d, the rotary tables have 0..%d"
                        .formatted(r, positions[r], rotation.positions() - 1));
            }
        }
        DECODER.rotate(rotation, positions, x, turn);
    }

    /**
     * context = softmax(q keysᵀ · scale) values for one row, head by head.
     *
     * @param q one row of heads · headWidth values
     * @param context one row of as many; not q
     * @param scores scratch for as many values as there are positions
     */
    public static void attend(CachedAttention attention, Panel q, Panel context, float[] scores) {
        int width = attention.heads() * attention.headWidth();
        q.requireHolds("q of attention", 1, width);
        context.requireHolds("context of attention", 1, width);
        if (scores.length < attention.count()) {
            throw new IllegalArgumentException(
                    "%d positions got scratch for %d scores".formatted(attention.count(), scores.length));
        }
        DECODER.attend(attention, q, context, scores);
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
