package dev.fedlora.lora.train;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BoundAdapter;

/**
 * Which variant of LoRA is trained. (Rank-stabilized scaling is part of the adapter: {@link
 * dev.fedlora.lora.LoraScaling}.)
 *
 * @param freezeA whether A stays as it is and B alone is trained: FFA-LoRA (Sun et al., ICLR 2024, arXiv 2403.12313). The
 *     trainer's parameters are then those of B and the head, so that a mean over clients is the mean of what their adapters
 *     do, which it is not when both factors change. All clients must start from the same A
 * @param dropout share of the values before A that a step leaves out, in [0, 1)
 */
public record LoraOptions(boolean freezeA, float dropout) {
    /** Both factors are trained, nothing is left out. */
    public static final LoraOptions DEFAULT = new LoraOptions(false, 0);

    /** @throws IllegalArgumentException when the dropout is out of its range */
    public LoraOptions {
        OptimizerPlan.require(dropout >= 0 && dropout < 1, "dropout", "in [0, 1)", dropout);
    }

    BoundAdapter bind(BaseModel model, LoraAdapter adapter) {
        BoundAdapter bound = model.bind(adapter);
        return freezeA ? bound.freezingA() : bound;
    }
}
