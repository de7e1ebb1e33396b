package dev.fedlora.lora.peft;

import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.AttentionHeads;
import dev.fedlora.lora.gguf.RotaryRows;
import org.jspecify.annotations.Nullable;

/** Puts the rows of B into the order that PEFT has, and back; see {@link RotaryRows}. */
final class RowOrder {
    private final String source;
    private final String architecture;
    private final @Nullable AttentionHeads heads;

    /**
     * @param source what the factors are of, for errors
     * @param heads null where they are not known
     */
    RowOrder(String source, String architecture, @Nullable AttentionHeads heads) {
        this.source = source;
        this.architecture = architecture;
        this.heads = heads;
    }

    /** Returns B in PEFT's order, for factors in that of GGUF. */
    float[] ofPeft(LoraFactors f) {
        return isOther(f) ? RotaryRows.halfSplit(f.b(), f.rank(), headWidth(f)) : f.b();
    }

    /** Returns factors in GGUF's order, for such in PEFT's. */
    LoraFactors ofGguf(LoraFactors f) {
        if (!isOther(f)) {
            return f;
        }
        float[] b = RotaryRows.interleaved(f.b(), f.rank(), headWidth(f));
        return new LoraFactors(f.tensor(), f.rank(), f.inputs(), f.outputs(), f.a(), b);
    }

    private boolean isOther(LoraFactors f) {
        return RotaryRows.isInterleaved(architecture, target(f));
    }

    private int headWidth(LoraFactors f) {
        if (heads == null) {
            throw new MalformedFileException(
                    source,
                    "adapts %s of a %s model, whose rows PEFT orders by heads: the base model is needed to know how many"
                            .formatted(target(f), architecture));
        }
        return RotaryRows.headWidth(
                f.tensor(), f.outputs(), target(f).equals("attn_k") ? heads.keys() : heads.queries());
    }

    private static String target(LoraFactors f) {
        return f.tensor().split("\\.", -1)[2]; // blk.N.TARGET.weight
    }
}
