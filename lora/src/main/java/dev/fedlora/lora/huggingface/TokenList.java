package dev.fedlora.lora.huggingface;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a vocabulary by id, with scores and types; an id that nobody sets is an unused token {@code [PADi]}, as
 * llama.cpp's converter fills the rows of an embedding that is larger than its vocabulary.
 */
final class TokenList {
    static final int NORMAL = 1; // ggml's numbers of token types, which are SentencePiece's
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    private static final float UNUSED_SCORE = -10000;
    private static final float ADDED_SCORE = -1000;

    private final @Nullable String[] texts;
    private final float[] scores;
    private final int[] types;

    /** Makes a list of {@code size} unused tokens. */
    TokenList(int size) {
        texts = new String[size];
        scores = new float[size];
        types = new int[size];
        Arrays.fill(scores, UNUSED_SCORE);
        Arrays.fill(types, UNUSED);
    }

    int size() {
        return texts.length;
    }

    void set(int id, String text, float score, int type) {
        texts[id] = text;
        scores[id] = score;
        types[id] = type;
    }

    /** Sets a token that was added to the vocabulary: one that text is cut at, or one that text never becomes. */
    void add(int id, String text, boolean isSpecial) {
        if (isSpecial || looksSpecial(text)) {
            set(id, text, ADDED_SCORE, CONTROL);
        } else {
            set(id, text.replace('\u2581', ' '), ADDED_SCORE, USER_DEFINED);
        }
    }

    boolean isSet(int id) {
        return texts[id] != null;
    }

    List<String> texts() {
        String[] all = new String[texts.length];
        for (int id = 0; id < all.length; id++) {
            String text = texts[id];
            all[id] = text == null ? "[PAD" + id + "]" : text;
        }
        return List.of(all);
    }

    float[] scores() {
        return scores.clone();
    }

    int[] types() {
        return types.clone();
    }

    /** Returns the lowest id of each text. */
    Map<String, Integer> ids() {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < texts.length; id++) {
            String text = texts[id];
            if (text != null) {
                ids.putIfAbsent(text, id);
            }
        }
        return ids;
    }

    OptionalInt firstOfType(int type) {
        for (int id = 0; id < types.length; id++) {
            if (types[id] == type) {
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }

    /** Some models do not mark their control tokens as such. */
    private static boolean looksSpecial(String text) {
        return List.of("<pad>", "<mask>", "<2mass>", "[@BOS@]").contains(text)
                || (text.startsWith("<|") && text.endsWith("|>"))
                || (text.startsWith("<\uff5c") && text.endsWith("\uff5c>"))
                || (text.startsWith("<unused") && text.endsWith(">"));
    }
}
