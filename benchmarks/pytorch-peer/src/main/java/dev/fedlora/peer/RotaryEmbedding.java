package dev.fedlora.peer;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Turns the pairs (i, i + width / 2) of every head by an angle that grows with the position, as the transformers
 * library lays Llama's pairs out. J. Su and others, "RoFormer", 2021, arXiv:2104.09864.
 */
final class RotaryEmbedding {
    /** Llama 2's. */
    private static final double BASE = 10_000;

    private final Tensor cosines;
    private final Tensor sines;

    /** For positions from 0 to {@code tokens}, in the type that queries and keys have. */
    RotaryEmbedding(int tokens, int headWidth, ScalarType type) {
        float[] cosine = new float[tokens * headWidth];
        float[] sine = new float[tokens * headWidth];
        int half = headWidth / 2;
        for (int i = 0; i < cosine.length; i++) {
            int position = i / headWidth;
            int column = i % headWidth;
            double angle = position * Math.pow(BASE, -2.0 * (column % half) / headWidth);
            cosine[i] = (float) Math.cos(angle);
            sine[i] = (float) Math.sin(angle);
        }
        cosines = Tensor.create(cosine, tokens, headWidth).to(type);
        sines = Tensor.create(sine, tokens, headWidth).to(type);
    }

    /** Of B × heads × T × head width. */
    Tensor apply(Tensor x) {
        // (a, b) becomes (a cos - b sin, b cos + a sin)
        TensorVector halves = x.chunk(2, -1);
        Tensor partners = torch.cat(new TensorVector(halves.get(1).neg(), halves.get(0)), -1);
        return torch.addcmul(x.mul(cosines), partners, sines);
    }
}
