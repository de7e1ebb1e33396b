package dev.fedlora.lora.huggingface;

/**
 * One tensor of a model directory and what becomes of it.
 *
 * @param name in the directory
 * @param target name in GGUF
 * @param rows 1 of a vector
 * @param columns the row length
 * @param isVector whether it has one dimension, and so stays F32
 * @param headWidth rows a head where the order of rows changes, else 0
 * @param isTernary whether values are rounded to -s, 0 and s, as BitNet's layers do in every pass
 */
record SourceTensor(
        String name, String target, int rows, int columns, boolean isVector, int headWidth, boolean isTernary) {
    static SourceTensor vector(String name, String target, int length) {
        return new SourceTensor(name, target, 1, length, true, 0, false);
    }

    static SourceTensor matrix(String name, String target, int rows, int columns) {
        return new SourceTensor(name, target, rows, columns, false, 0, false);
    }

    /** Returns this tensor with its values, of a vector, or rows, of a matrix, put in the order of heads this wide. */
    SourceTensor orderedByHeads(int width) {
        return new SourceTensor(name, target, rows, columns, isVector, width, isTernary);
    }

    SourceTensor ternary(boolean wanted) {
        return new SourceTensor(name, target, rows, columns, isVector, headWidth, wanted);
    }
}
