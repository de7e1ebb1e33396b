package dev.fedlora.coordinator.testing;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import java.util.List;

/** The small adapter that the tests train: rank 2 on one layer of 3 inputs and 4 outputs, and a head of 2 labels. */
public final class Adapters {
    /** Hash of a base model that nobody has. */
    public static final String BASE_SHA256 = "ab".repeat(32);
    /** Values of {@link #initial()}: 2 × 3 and 4 × 2 factors, 2 × 3 and 2 of the head. */
    public static final int PARAMETERS = 6 + 8 + 6 + 2;

    private Adapters() {}

    /** An adapter of zeros. */
    public static LoraAdapter initial() {
        LoraFactors factors = new LoraFactors("blk.0.attn_q.weight", 2, 3, 4, new float[6], new float[8]);
        ClassifierHead head = ClassifierHead.zeros(List.of("calm", "urgent"), 3);
        return new LoraAdapter("bert", BASE_SHA256, new AdapterSpec(2, 4f, List.of("attn_q")), List.of(factors), head);
    }
}
