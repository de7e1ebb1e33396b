package dev.fedlora.lora.tokenizer;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import java.util.List;
import java.util.OptionalInt;

/** The ids of a vocabulary's special tokens, each checked to be in the vocabulary. */
record SpecialTokens(int unknown, int begin, int end, OptionalInt padding, OptionalInt mask) {
    static final String TOKENS = Vocabulary.TOKENS;
    private static final String PREFIX = "tokenizer.ggml.";
    private static final String SUFFIX = "_token_id";
    private static final long ABSENT = 0xffffffffL; // some converters write -1 as u32 for "none"

    static SpecialTokens ofBert(GgufFile model, List<String> tokens) {
        return new SpecialTokens(
                need(model, tokens, "[UNK]", "unknown"),
                need(model, tokens, "[CLS]", "cls", "bos"),
                need(model, tokens, "[SEP]", "seperator", "separator", "eos"), // sic, as llama.cpp spells it
                find(model, tokens, "[PAD]", "padding"),
                find(model, tokens, "[MASK]", "mask"));
    }

    boolean isSpecial(int id) {
        return id == unknown || id == begin || id == end || id == padding.orElse(unknown) || id == mask.orElse(unknown);
    }

    private static int need(GgufFile model, List<String> tokens, String text, String... keys) {
        return find(model, tokens, text, keys)
                .orElseThrow(() -> new MalformedFileException(
                        model.path(),
                        "has no %s token: neither the key %s nor %s in %s"
                                .formatted(text, PREFIX + keys[0] + SUFFIX, text, TOKENS)));
    }

    private static OptionalInt find(GgufFile model, List<String> tokens, String text, String... keys) {
        OptionalInt id = findId(model, tokens.size(), keys);
        if (id.isPresent()) {
            return id;
        }
        int index = tokens.indexOf(text);
        return index < 0 ? OptionalInt.empty() : OptionalInt.of(index);
    }

    /**
     * Returns the id that the first present of {@code tokenizer.ggml.NAME_token_id} gives.
     *
     * @throws MalformedFileException when it is not in the vocabulary
     */
    static OptionalInt findId(GgufFile model, int tokens, String... names) {
        for (String name : names) {
            String key = PREFIX + name + SUFFIX;
            long id = model.findInteger(key).orElse(ABSENT);
            if (id == ABSENT || id == -1) {
                continue;
            }
            if (id < 0 || id >= tokens) {
                throw new MalformedFileException(
                        model.path(), "%s is %d, the vocabulary has ids 0 to %d".formatted(key, id, tokens - 1));
            }
            return OptionalInt.of((int) id);
        }
        return OptionalInt.empty();
    }
}
