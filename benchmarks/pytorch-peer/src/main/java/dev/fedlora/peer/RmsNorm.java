package dev.fedlora.peer;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Divides every row by its root mean square. B. Zhang and R. Sennrich, "Root Mean Square Layer Normalization", NeurIPS
 * 2019, arXiv:1910.07467.
 *
 * <p>Sums in float and multiplies in the rows' own type; {@code torch.rms_norm}, which on CPUs casts all rows to float and
 * back, takes longer.
 */
final class RmsNorm {
    private static final double EPSILON = 1e-5;

    private final Tensor weight;

    /** With a weight for every column, D. */
    RmsNorm(Tensor weight) {
        this.weight = weight;
    }

    /** Of rows × D. */
    Tensor apply(Tensor x) {
        long[] columns = {-1};
        Scalar two = new Scalar(2.0);
        Tensor length = torch.linalg_vector_norm(x, two, columns, true, new ScalarTypeOptional(ScalarType.Float));
        Tensor meanSquare = length.square().mul(new Scalar(1.0 / x.size(-1)));
        Tensor factor = torch.rsqrt(meanSquare.add(new Scalar(EPSILON)));
        return x.mul(factor.to(x.scalar_type())).mul(weight);
    }
}
