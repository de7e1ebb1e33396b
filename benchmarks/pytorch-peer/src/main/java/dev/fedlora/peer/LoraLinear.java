package dev.fedlora.peer;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A frozen projection with a LoRA adapter: {@code y = x Wᵀ + s (x Aᵀ) Bᵀ}.
 *
 * <p>The factors are cast to the base's type where they are used, as autocast does; their gradients arrive in float.
 */
final class LoraLinear {
    private static final int RANK = 8;

    /** alpha / rank, with an alpha of twice the rank as most recipes have it. */
    private static final double SCALE = 2;

    private final Tensor weight;
    private final Tensor down;
    private final Tensor up;
    private final Scalar one = new Scalar(1.0);
    private final Scalar scale = new Scalar(SCALE);

    /** From rows of {@code in} columns to rows of {@code out}. */
    LoraLinear(RandomWeights weights, int out, int in) {
        weight = weights.matrix(out, in);
        down = weights.trainedDown(RANK, in);
        up = weights.trainedUp(out, RANK);
    }

    void addTrained(TensorVector parameters) {
        parameters.push_back(down);
        parameters.push_back(up);
    }

    Tensor forward(Tensor x) {
        ScalarType type = weight.scalar_type();
        Tensor hidden = torch.linear(x, down.to(type));
        return torch.addmm(torch.linear(x, weight), hidden, up.to(type).t(), one, scale);
    }
}
