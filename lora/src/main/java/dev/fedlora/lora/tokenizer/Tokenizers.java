package dev.fedlora.lora.tokenizer;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;

/** Chooses the tokenizer that a GGUF file names. */
public final class Tokenizers {
    private static final String MODEL = "tokenizer.ggml.model";

    private Tokenizers() {}

    /**
     * Returns the tokenizer of {@code model}.
     *
     * @throws MalformedFileException when the file has no vocabulary, or one of a kind that this version does not know
     */
    public static Tokenizer of(GgufFile model) {
        String kind = model.string(MODEL);
        return switch (kind) {
            case "bert" -> WordPieceTokenizer.of(model);
            case "llama" -> SubwordTokenizer.ofSentencePiece(model);
            case "gpt2" -> SubwordTokenizer.ofBytePairs(model);
            default ->
                throw new MalformedFileException(
                        model.path(), MODEL + " is " + kind + ", this version knows: bert, gpt2, llama");
        };
    }
}
