package dev.fedlora.lora;

import java.util.List;

/**
 * What a LoRA adapter adds to which linear layers: y = W x + (alpha / rank) B (A x), Hu et al., LoRA, ICLR 2022
 * (arXiv 2106.09685).
 *
 * @param rank columns of B and rows of A, at least 1
 * @param alpha numerator of the scale alpha / rank, positive and finite
 * @param targets short GGUF names of the layers that are adapted in every block, such as {@code attn_q}; sorted, no
 *     repeats
 */
public record AdapterSpec(int rank, float alpha, List<String> targets) {
    /** @throws IllegalArgumentException when a value is out of its range */
    public AdapterSpec {
        if (rank < 1) {
            throw new IllegalArgumentException("rank must be at least 1, got " + rank);
        }
        if (!(alpha > 0) || Float.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be positive and finite, got " + alpha);
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("targets must name at least one linear layer, such as attn_q");
        }
        targets = targets.stream().distinct().sorted().toList();
    }

    /** Returns what B (A x) is multiplied by. */
    public float scale() {
        return alpha / rank;
    }
}
