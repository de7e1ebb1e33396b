package dev.fedlora.lora.gguf;

import dev.fedlora.lora.quant.QuantizationType;

/** llama.cpp's numbers under {@code general.file_type}, which say of what type most of a model's matrices are. */
public final class FileTypes {
    private FileTypes() {}

    /**
     * Returns the number for a file with one type throughout.
     *
     * @throws IllegalArgumentException when this version does not write {@code type}
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
            case Q4_K -> 14; // the kinds with one type throughout are called small
            case Q5_K -> 16;
            case Q6_K -> 18;
            case BF16 -> 32;
            case Q2_K, Q3_K, Q8_K, TQ1_0, TQ2_0 ->
                throw new IllegalArgumentException("no file is written as type " + type);
        };
    }
}
