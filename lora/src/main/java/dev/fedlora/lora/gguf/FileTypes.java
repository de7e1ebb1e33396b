package dev.fedlora.lora.gguf;

import dev.fedlora.lora.quant.QuantizationType;

/** llama.cpp's numbers under {@code general.file_type}, which say of what type most of a model's matrices are. */
public final class FileTypes {
    private FileTypes() {}

    /**
     * Returns the number for a file with one type throughout.
     *
     * @throws IllegalArgumentException when there is none for {@code type}
     */
    public static int of(QuantizationType type) {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q4_1 -> 3;
            case Q8_0 -> 7;
            case Q5_0 -> 8;
            case Q5_1 -> 9;
            case Q2_K -> 10;
            case Q3_K -> 11; // the kinds with one type throughout are called small
            case Q4_K -> 14;
            case Q5_K -> 16;
            case Q6_K -> 18;
            case BF16 -> 32;
            case TQ1_0 -> 36;
            case TQ2_0 -> 37;
            case Q8_K -> throw new IllegalArgumentException("no file is of type " + type);
        };
    }
}
