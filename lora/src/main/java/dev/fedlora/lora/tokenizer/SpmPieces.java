package dev.fedlora.lora.tokenizer;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufValue;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * SentencePiece vocabularies with scores, as llama.cpp reads them: spaces become U+2581, then neighbours are merged as
 * long as the two together are a token, the token of the highest score first; what is no token in the end is spelled in
 * byte tokens.
 *
 * <p>Differs from SentencePiece proper: nothing is normalized, spaces at the start and repeated spaces stay. Differs from
 * llama.cpp: text never merges to a control or byte token, such as a typed "&lt;s&gt;".
 */
final class SpmPieces implements Pieces {
    static final String SCORES = "tokenizer.ggml.scores";
    static final char SPACE = '\u2581';
    private static final String ADD_SPACE = "tokenizer.ggml.add_space_prefix";
    private static final int NO_TOKEN = -1;

    private final Vocabulary vocabulary;
    private final int[] ranks;
    private final int[] byteTokens;
    private final int longestText;
    private final boolean prefixesSpace;

    private SpmPieces(Vocabulary vocabulary, int[] ranks, OptionalInt unknown, boolean prefixesSpace) {
        this.vocabulary = vocabulary;
        this.ranks = ranks;
        this.prefixesSpace = prefixesSpace;
        this.byteTokens = byteTokens(vocabulary, unknown.orElse(NO_TOKEN));
        int longest = 1;
        for (int id = 0; id < vocabulary.size(); id++) {
            if (vocabulary.type(id).isText()) {
                longest = Math.max(longest, vocabulary.text(id).length());
            }
        }
        this.longestText = longest;
    }

    /**
     * Reads the scores of {@code model}.
     *
     * @throws MalformedFileException when there is not one number for each token
     */
    static SpmPieces of(GgufFile model, Vocabulary vocabulary, OptionalInt unknown) {
        boolean prefixesSpace = model.findFlag(ADD_SPACE).orElse(true);
        return new SpmPieces(vocabulary, ranks(model, vocabulary.size()), unknown, prefixesSpace);
    }

    @Override
    public void encode(String text, boolean starts, Ids ids) {
        String escaped = (starts && prefixesSpace ? " " + text : text).replace(' ', SPACE);
        SymbolChain chain = new SymbolChain(escaped.length());
        for (int at = 0; at < escaped.length(); ) {
            int next = at + Character.charCount(escaped.codePointAt(at));
            chain.add(at, next, vocabulary.findText(escaped.substring(at, next)));
            at = next;
        }
        chain.merge(pair -> find(escaped, pair.start(), pair.end()));
        for (int symbol = chain.first(); symbol >= 0; symbol = chain.next(symbol)) {
            if (chain.value(symbol) == NO_TOKEN) {
                spell(escaped.substring(chain.start(symbol), chain.end(symbol)), ids);
            } else {
                ids.add(chain.value(symbol));
            }
        }
    }

    @Override
    public byte[] bytes(int id) {
        String text = vocabulary.text(id);
        return switch (vocabulary.type(id)) {
            case BYTE -> new byte[] {(byte) vocabulary.byteValue(id)};
            case NORMAL -> text.replace(SPACE, ' ').getBytes(StandardCharsets.UTF_8);
            case USER_DEFINED -> text.getBytes(StandardCharsets.UTF_8);
            case UNDEFINED, UNUSED, UNKNOWN, CONTROL -> new byte[0];
        };
    }

    @Override
    public boolean prefixesSpace() {
        return prefixesSpace;
    }

    private long find(String text, int start, int end) {
        if (end - start > longestText) {
            return SymbolChain.Pairs.NO_PAIR;
        }
        int id = vocabulary.findText(text.substring(start, end));
        return id == NO_TOKEN ? SymbolChain.Pairs.NO_PAIR : SymbolChain.Pairs.of(ranks[id], id);
    }

    private void spell(String character, Ids ids) {
        for (byte value : character.getBytes(StandardCharsets.UTF_8)) {
            int id = byteTokens[value & 0xff];
            if (id != NO_TOKEN) {
                ids.add(id);
            }
        }
    }

    private static int[] byteTokens(Vocabulary vocabulary, int unknown) {
        int[] tokens = new int[256];
        Arrays.setAll(tokens, value -> {
            int id = vocabulary.find("<0x%02X>".formatted(value));
            return id == NO_TOKEN ? unknown : id;
        });
        return tokens;
    }

    /** Returns each token's place in the order of falling scores; equal scores share one. */
    private static int[] ranks(GgufFile model, int tokens) {
        GgufValue.Numbers scores = Vocabulary.perToken(
                model,
                SCORES,
                tokens,
                model.findNumbers(SCORES)
                        .orElseThrow(() -> new MalformedFileException(model.path(), "has no metadata key " + SCORES)));
        if (!Vocabulary.isFloating(scores)) {
            throw new MalformedFileException(
                    model.path(), SCORES + " is an array of " + scores.type() + ", expected floating-point numbers");
        }
        double[] values = new double[tokens];
        for (int id = 0; id < tokens; id++) {
            values[id] = scores.real(id) + 0.0; // -0 and 0 are one score
            if (Double.isNaN(values[id])) {
                throw new MalformedFileException(model.path(), SCORES + " of token " + id + " is not a number");
            }
        }
        double[] ascending = Arrays.stream(values).sorted().distinct().toArray();
        int[] ranks = new int[tokens];
        Arrays.setAll(ranks, id -> ascending.length - 1 - Arrays.binarySearch(ascending, values[id]));
        return ranks;
    }
}
