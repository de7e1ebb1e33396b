package dev.fedlora.peer;

import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Makes the tensors of a model: frozen ones in the base's type, trained ones in float as every LoRA library keeps them.
 *
 * @param type the base's type
 */
record RandomWeights(ScalarType type) {
    /** The standard deviation that Llama's own initialization has. */
    static final double DEVIATION = 0.02;

    /** A frozen matrix, normally distributed. */
    Tensor matrix(long rows, long columns) {
        return tensor(type, rows, columns).normal_(0, DEVIATION, new GeneratorOptional());
    }

    /** The weight of a norm: ones. */
    Tensor norm(long width) {
        return tensor(type, width).fill_(new Scalar(1.0));
    }

    /** A LoRA A, normally distributed. */
    Tensor trainedDown(long rank, long in) {
        return trained(tensor(ScalarType.Float, rank, in).normal_(0, DEVIATION, new GeneratorOptional()));
    }

    /** A LoRA B: zeros, so that the adapter begins as nothing. */
    Tensor trainedUp(long out, long rank) {
        return trained(tensor(ScalarType.Float, out, rank).zero_());
    }

    private static Tensor trained(Tensor tensor) {
        tensor.requires_grad_(true);
        return tensor;
    }

    private static Tensor tensor(ScalarType type, long... sizes) {
        TensorOptions options = new TensorOptions().dtype(new ScalarTypeOptional(type));
        return torch.empty(sizes, options, new MemoryFormatOptional());
    }
}
