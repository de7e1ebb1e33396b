package dev.fedlora.lora.model;

/**
 * A kind of linear layer that every block of a model has and that an adapter can target.
 *
 * @param name short GGUF name, such as {@code attn_q}
 * @param outputs N, rows of the weight
 * @param inputs K, columns of the weight
 */
public record LinearLayer(String name, int outputs, int inputs) {
    /** Returns the whole GGUF name of this layer's weight in block {@code block}. */
    public String tensor(int block) {
        return "blk." + block + "." + name + ".weight";
    }
}
