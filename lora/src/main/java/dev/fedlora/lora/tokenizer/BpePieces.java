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
 * Byte-pair vocabularies: a text is split into words, each word's bytes are merged pair by pair in the order of the merges,
 * and what results are the tokens. Sennrich et al., Neural Machine Translation of Rare Words with Subword Units, ACL 2016
 * (arXiv 1508.07909), over bytes as GPT-2 does it.
 */
final class BpePieces implements Pieces {
    static final String MERGES = "tokenizer.ggml.merges";
    private static final int NO_TOKEN = -1;

    private final Vocabulary vocabulary;
    private final PreTokenizer preTokenizer;
    private final PairTable merges;
    private final int[] tokens;
    private final int unknown;

    private BpePieces(
            Vocabulary vocabulary, PreTokenizer preTokenizer, PairTable merges, Symbols symbols, int unknown) {
        this.vocabulary = vocabulary;
        this.preTokenizer = preTokenizer;
        this.merges = merges;
        this.tokens = symbols.tokens(vocabulary);
        this.unknown = unknown;
    }

    /**
     * Reads the merges of {@code model}.
     *
     * @throws MalformedFileException when there are none, or one is not two symbols
     */
    static BpePieces of(GgufFile model, Vocabulary vocabulary, PreTokenizer preTokenizer, OptionalInt unknown) {
        List<String> lines = model.strings(MERGES);
        Symbols symbols = new Symbols();
        PairTable merges = new PairTable(lines.size());
        for (int rank = 0; rank < lines.size(); rank++) {
            String line = lines.get(rank);
            int space = line.indexOf(' ', 1);
            if (space < 0 || space == line.length() - 1) {
                throw new MalformedFileException(
                        model.path(), "%s: merge %d is not two symbols with a space between".formatted(MERGES, rank));
            }
            String left = line.substring(0, space);
            String right = line.substring(space + 1);
            int merged = symbols.number(left + right);
            merges.put(symbols.number(left), symbols.number(right), SymbolChain.Pairs.of(rank, merged));
        }
        return new BpePieces(vocabulary, preTokenizer, merges, symbols, unknown.orElse(NO_TOKEN));
    }

    @Override
    public void encode(String text, boolean starts, Ids ids) {
        CodePoints points = new CodePoints(text);
        int from = 0;
        for (int to : preTokenizer.ends(points)) {
            encodeWord(points.text(from, to).getBytes(StandardCharsets.UTF_8), ids);
            from = to;
        }
    }

    @Override
    public byte[] bytes(int id) {
        String text = vocabulary.text(id);
        return vocabulary.type(id) == TokenType.USER_DEFINED
                ? text.getBytes(StandardCharsets.UTF_8)
                : ByteCharacters.bytes(text);
    }

    @Override
    public boolean prefixesSpace() {
        return false;
    }

    private void encodeWord(byte[] word, Ids ids) {
        if (preTokenizer.wholeWords()) {
            int id = wholeWord(word);
            if (id != NO_TOKEN) {
                ids.add(id);
                return;
            }
        }
        SymbolChain chain = new SymbolChain(word.length);
        for (int at = 0; at < word.length; at++) {
            chain.add(at, at + 1, word[at] & 0xff);
        }
        chain.merge(pair -> merges.find(pair.leftValue(), pair.rightValue()));
        for (int symbol = chain.first(); symbol >= 0; symbol = chain.next(symbol)) {
            addToken(chain, symbol, word, ids);
        }
    }

    /** Adds a symbol's token; a symbol without one, which no sound vocabulary has, as the tokens of its bytes. */
    private void addToken(SymbolChain chain, int symbol, byte[] word, Ids ids) {
        if (tokens[chain.value(symbol)] != NO_TOKEN) {
            ids.add(tokens[chain.value(symbol)]);
            return;
        }
        for (int at = chain.start(symbol); at < chain.end(symbol); at++) {
            int id = tokens[word[at] & 0xff];
            if (id != NO_TOKEN || unknown != NO_TOKEN) {
                ids.add(id != NO_TOKEN ? id : unknown);
            }
        }
    }

    private int wholeWord(byte[] word) {
        StringBuilder characters = new StringBuilder(word.length);
        for (byte value : word) {
            characters.append(ByteCharacters.of(value & 0xff));
        }
        return vocabulary.findText(characters.toString());
    }

    /** Numbers for the strings that merges work on; the 256 bytes come first. */
    private static final class Symbols {
        private final List<String> texts = new ArrayList<>();
        private final Map<String, Integer> numbers = new HashMap<>();

        Symbols() {
            for (int value = 0; value < 256; value++) {
                number(String.valueOf(ByteCharacters.of(value)));
            }
        }

        int number(String text) {
            Integer known = numbers.putIfAbsent(text, texts.size());
            if (known != null) {
                return known;
            }
            texts.add(text);
            return texts.size() - 1;
        }

        /** Returns each symbol's token, -1 for those without. */
        int[] tokens(Vocabulary vocabulary) {
            return texts.stream().mapToInt(vocabulary::findText).toArray();
        }
    }
}
