package dev.fedlora.lora.tokenizer;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * The special tokens of a language model, and which of them stand around every text.
 *
 * @param begin before a text, whether or not it is put there
 * @param end after a text, whether or not it is put there
 * @param addsBegin whether {@code begin} comes before every text
 * @param addsEnd whether {@code end} comes after every text
 * @param stops the tokens after which a model has said all: the end of a text, of a turn, of a message
 */
record TextMarks(
        OptionalInt begin,
        OptionalInt end,
        OptionalInt unknown,
        OptionalInt padding,
        OptionalInt mask,
        boolean addsBegin,
        boolean addsEnd,
        Set<Integer> stops) {
    private static final String ADD_BEGIN = "tokenizer.ggml.add_bos_token";
    private static final String ADD_END = "tokenizer.ggml.add_eos_token";

    /** What a kind of tokenizer has where the file says nothing; ids that the vocabulary has not are dropped. */
    record Defaults(OptionalInt begin, OptionalInt end, OptionalInt unknown, boolean addsBegin) {}

    /**
     * Reads the keys of {@code model}.
     *
     * @throws MalformedFileException when an id is not in the vocabulary, or a token is to be added that there is not
     */
    static TextMarks of(GgufFile model, Vocabulary vocabulary, Defaults defaults) {
        int size = vocabulary.size();
        OptionalInt begin = or(SpecialTokens.findId(model, size, "bos"), defaults.begin(), size);
        OptionalInt end = or(SpecialTokens.findId(model, size, "eos"), defaults.end(), size);
        return new TextMarks(
                begin,
                end,
                or(SpecialTokens.findId(model, size, "unknown"), defaults.unknown(), size),
                SpecialTokens.findId(model, size, "padding"),
                SpecialTokens.findId(model, size, "mask"),
                adds(model, ADD_BEGIN, begin, defaults.addsBegin()),
                adds(model, ADD_END, end, false),
                stops(model, vocabulary, end));
    }

    private static boolean adds(GgufFile model, String key, OptionalInt token, boolean standard) {
        boolean stated = model.findFlag(key).orElse(false);
        if (stated && token.isEmpty()) {
            throw new MalformedFileException(model.path(), key + " is true, but the file names no such token");
        }
        return model.findFlag(key).orElse(standard) && token.isPresent();
    }

    private static Set<Integer> stops(GgufFile model, Vocabulary vocabulary, OptionalInt end) {
        Set<Integer> stops = new TreeSet<>();
        end.ifPresent(stops::add);
        SpecialTokens.findId(model, vocabulary.size(), "eot").ifPresent(stops::add);
        SpecialTokens.findId(model, vocabulary.size(), "eom").ifPresent(stops::add);
        for (int id = 0; id < vocabulary.size(); id++) {
            if (vocabulary.endsByName(id)) {
                stops.add(id);
            }
        }
        return Set.copyOf(stops);
    }

    private static OptionalInt or(OptionalInt stated, OptionalInt standard, int size) {
        if (stated.isPresent() || standard.isEmpty()) {
            return stated;
        }
        return standard.getAsInt() < size ? standard : OptionalInt.empty();
    }
}
