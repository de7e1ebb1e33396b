package dev.fedlora.lora.gguf;

/**
 * How many heads a model's attention has, which is what the order of rotary rows depends on; see {@link RotaryRows}.
 *
 * @param queries number of query heads
 * @param keys number of key heads, which is smaller in grouped-query attention
 */
public record AttentionHeads(int queries, int keys) {
    /** @throws IllegalArgumentException when a number is below 1 */
    public AttentionHeads {
        if (queries < 1 || keys < 1) {
            throw new IllegalArgumentException(
                    "attention has at least one head, got %d and %d".formatted(queries, keys));
        }
    }

    /**
     * Returns the heads that {@code model} names.
     *
     * @throws dev.fedlora.lora.file.MalformedFileException when it names none
     */
    public static AttentionHeads of(GgufFile model) {
        String prefix = model.string("general.architecture") + ".attention.head_count";
        int queries = model.count(prefix);
        return new AttentionHeads(
                queries, model.findInteger(prefix + "_kv").isPresent() ? model.count(prefix + "_kv") : queries);
    }
}
