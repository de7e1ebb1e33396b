package dev.fedlora.lora.tokenizer;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * BERT's WordPiece over a GGUF vocabulary of kind {@code bert}: the text is normalized (control characters dropped,
 * accents stripped, lower case), split at spaces, punctuation and CJK characters, and each word is cut into the longest
 * pieces of the vocabulary from its start; a word that cannot be cut is one unknown token.
 *
 * <p>Vocabulary as llama.cpp's converter writes it: a piece that starts a word has U+2581 before it, a piece that goes on
 * has not. Names of special tokens in a text are text: no example can bring in a [CLS] of its own.
 *
 * <p>Differs from llama.cpp and agrees with Hugging Face where the two differ: combining marks are dropped wherever they
 * stand, and a word of more than 100 characters is unknown. Not covered: cased vocabularies.
 *
 * <p>Immutable and thread-safe. Devlin et al., BERT, NAACL 2019 (arXiv 1810.04805).
 */
public final class WordPieceTokenizer implements Tokenizer {
    private static final String WORD_START = "\u2581";
    private static final int MAX_WORD_CHARACTERS = 100; // as BERT's own code: longer words are not language

    private final List<String> tokens;
    private final Map<String, Integer> starts = new HashMap<>();
    private final Map<String, Integer> continuations = new HashMap<>();
    private final int longestPiece;
    private final SpecialTokens special;

    private WordPieceTokenizer(List<String> tokens, SpecialTokens special) {
        this.tokens = tokens;
        this.special = special;
        int longest = 1;
        for (int id = 0; id < tokens.size(); id++) {
            String token = tokens.get(id);
            if (token.startsWith(WORD_START)) {
                starts.putIfAbsent(token.substring(1), id);
            } else {
                continuations.putIfAbsent(token, id);
            }
            longest = Math.max(longest, token.length());
        }
        this.longestPiece = longest;
    }

    /**
     * Reads the vocabulary of {@code model}.
     *
     * @throws MalformedFileException when it has none, or no unknown, [CLS] or [SEP] token
     */
    public static WordPieceTokenizer of(GgufFile model) {
        List<String> tokens = model.strings(SpecialTokens.TOKENS);
        return new WordPieceTokenizer(tokens, SpecialTokens.ofBert(model, tokens));
    }

    @Override
    public int[] encode(String text) {
        Ids ids = new Ids();
        for (String word : BertWords.split(text)) {
            addPieces(word, ids);
        }
        return ids.toArray();
    }

    @Override
    public int[] encodeWithSpecial(String text) {
        int[] body = encode(text);
        int[] all = new int[body.length + 2];
        all[0] = special.begin();
        System.arraycopy(body, 0, all, 1, body.length);
        all[all.length - 1] = special.end();
        return all;
    }

    @Override
    public String decode(int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            check(id);
            if (!special.isSpecial(id)) {
                text.append(tokens.get(id).replace(WORD_START, " "));
            }
        }
        return text.toString().strip();
    }

    @Override
    public byte[] bytes(int id) {
        return isSpecial(id)
                ? new byte[0]
                : tokens.get(id).replace(WORD_START, " ").getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean isSpecial(int id) {
        check(id);
        return special.isSpecial(id);
    }

    @Override
    public int vocabularySize() {
        return tokens.size();
    }

    @Override
    public OptionalInt beginId() {
        return OptionalInt.of(special.begin());
    }

    @Override
    public OptionalInt endId() {
        return OptionalInt.of(special.end());
    }

    @Override
    public OptionalInt paddingId() {
        return special.padding();
    }

    @Override
    public OptionalInt unknownId() {
        return OptionalInt.of(special.unknown());
    }

    @Override
    public OptionalInt maskId() {
        return special.mask();
    }

    private void check(int id) {
        if (id < 0 || id >= tokens.size()) {
            throw new IllegalArgumentException("token " + id + " is not in a vocabulary of " + tokens.size());
        }
    }

    private void addPieces(String word, Ids ids) {
        int before = ids.size();
        boolean cut = word.codePointCount(0, word.length()) <= MAX_WORD_CHARACTERS;
        for (int from = 0; cut && from < word.length(); ) {
            int to = addLongestPiece(word, from, ids);
            cut = to > from;
            from = to;
        }
        if (!cut) {
            ids.cutTo(before);
            ids.add(special.unknown());
        }
    }

    /** Adds the longest piece of {@code word} at {@code from} and returns where it ends; {@code from} when there is none. */
    private int addLongestPiece(String word, int from, Ids ids) {
        Map<String, Integer> pieces = from == 0 ? starts : continuations;
        for (int to = Math.min(word.length(), from + longestPiece); to > from; to--) {
            Integer id = pieces.get(word.substring(from, to));
            if (id != null) {
                ids.add(id);
                return to;
            }
        }
        return from;
    }

    /** Returns the vocabulary, index = id; unmodifiable. */
    public List<String> tokens() {
        return new ArrayList<>(tokens);
    }
}
