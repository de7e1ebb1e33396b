package dev.fedlora.lora.model;

import java.util.Arrays;
import java.util.Optional;

/** What sets the architectures of {@link DecoderModel} apart; everything else stands in the file. */
enum DecoderFamily {
    /** Llama 1 to 3, Mistral, TinyLlama, SmolLM: pairs of neighbours are turned. */
    LLAMA("llama", false),
    /** Qwen 2: biases of queries, keys and values. */
    QWEN2("qwen2", true),
    /** Qwen 3: queries and keys are normalized head by head before they are turned. */
    QWEN3("qwen3", true),
    /** BitNet b1.58: norms before the two layers that write to the residual stream, and a factor for each weight. */
    BITNET("bitnet", true);

    private final String architecture;
    private final boolean turnsHalves;

    DecoderFamily(String architecture, boolean turnsHalves) {
        this.architecture = architecture;
        this.turnsHalves = turnsHalves;
    }

    static Optional<DecoderFamily> of(String architecture) {
        return Arrays.stream(values())
                .filter(family -> family.architecture.equals(architecture))
                .findFirst();
    }

    /** Returns the name in GGUF. */
    String architecture() {
        return architecture;
    }

    /** Says whether rotary positions turn value i with value i + width/2, instead of 2i with 2i + 1. */
    boolean turnsHalves() {
        return turnsHalves;
    }

    boolean hasAttentionBiases() {
        return this == QWEN2;
    }

    boolean hasHeadNorms() {
        return this == QWEN3;
    }

    boolean hasSubNorms() {
        return this == BITNET;
    }
}
