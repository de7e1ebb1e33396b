package dev.fedlora.lora.tokenizer;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;

/**
 * The tokenizer of a language model over a GGUF vocabulary of kind {@code llama} (SentencePiece with scores and byte
 * fallback) or {@code gpt2} (byte pairs with merge ranks). Gives the ids that llama.cpp gives with {@code parse_special}
 * off; in {@link TextPart#markup} special tokens are recognized as it does with {@code parse_special} on.
 *
 * <p>Decoding gives back exactly what was encoded, whatever the characters. Broken surrogates in a text count as U+FFFD.
 * Differs from llama.cpp: decoding takes no spaces away before punctuation (its {@code clean_spaces}), and text never
 * becomes a control token, whatever the merges say.
 *
 * <p>Immutable and thread-safe. Cost: O(n log n) for n characters, hostile ones included.
 */
public final class SubwordTokenizer implements Tokenizer {
    private final Vocabulary vocabulary;
    private final TextMarks marks;
    private final SpecialTexts userDefined;
    private final SpecialTexts control;
    private final Pieces pieces;

    private SubwordTokenizer(Vocabulary vocabulary, TextMarks marks, Pieces pieces) {
        this.vocabulary = vocabulary;
        this.marks = marks;
        this.pieces = pieces;
        this.userDefined = SpecialTexts.of(vocabulary, TokenType.USER_DEFINED);
        this.control = SpecialTexts.of(vocabulary, TokenType.CONTROL, TokenType.UNKNOWN);
    }

    /**
     * Reads a vocabulary of kind {@code llama}.
     *
     * @throws MalformedFileException when tokens, scores and types are missing or of different numbers, or an id is not in
     *     the vocabulary
     */
    static SubwordTokenizer ofSentencePiece(GgufFile model) {
        Vocabulary vocabulary = Vocabulary.of(model);
        TextMarks.Defaults defaults =
                new TextMarks.Defaults(OptionalInt.of(1), OptionalInt.of(2), OptionalInt.of(0), true);
        TextMarks marks = TextMarks.of(model, vocabulary, defaults);
        return new SubwordTokenizer(vocabulary, marks, SpmPieces.of(model, vocabulary, marks.unknown()));
    }

    /**
     * Reads a vocabulary of kind {@code gpt2}.
     *
     * @throws MalformedFileException when tokens, types or merges are missing or malformed, the pre-tokenizer is unknown,
     *     or an id is not in the vocabulary
     */
    static SubwordTokenizer ofBytePairs(GgufFile model) {
        PreTokenizer preTokenizer = PreTokenizer.of(model);
        Vocabulary vocabulary = Vocabulary.of(model);
        TextMarks.Defaults defaults = new TextMarks.Defaults(
                OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), preTokenizer.addsBegin());
        TextMarks marks = TextMarks.of(model, vocabulary, defaults);
        return new SubwordTokenizer(vocabulary, marks, BpePieces.of(model, vocabulary, preTokenizer, marks.unknown()));
    }

    @Override
    public int[] encode(String text) {
        return encode(List.of(TextPart.content(text)));
    }

    @Override
    public int[] encode(List<TextPart> parts) {
        Ids ids = new Ids();
        encode(parts, true, ids);
        return ids.toArray();
    }

    @Override
    public int[] encodeContinuation(List<TextPart> parts) {
        Ids ids = new Ids();
        encode(parts, false, ids);
        return ids.toArray();
    }

    @Override
    public int[] encodeWithSpecial(String text) {
        Ids ids = new Ids();
        beginId().ifPresent(ids::add);
        encode(List.of(TextPart.content(text)), true, ids);
        endId().ifPresent(ids::add);
        return ids.toArray();
    }

    @Override
    public String decode(int[] ids) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        boolean space = pieces.prefixesSpace();
        for (int id : ids) {
            byte[] bytes = bytes(id);
            boolean drop = space && bytes.length > 0 && bytes[0] == ' ' && !isSpecial(id);
            text.write(bytes, drop ? 1 : 0, bytes.length - (drop ? 1 : 0));
            space &= bytes.length == 0;
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    @Override
    public byte[] bytes(int id) {
        return switch (vocabulary.type(id)) {
            case UNDEFINED, UNKNOWN, CONTROL, UNUSED -> new byte[0];
            case NORMAL, USER_DEFINED, BYTE -> pieces.bytes(id);
        };
    }

    @Override
    public boolean isSpecial(int id) {
        TokenType type = vocabulary.type(id);
        return type == TokenType.CONTROL || type == TokenType.USER_DEFINED || type == TokenType.UNKNOWN;
    }

    @Override
    public int vocabularySize() {
        return vocabulary.size();
    }

    @Override
    public OptionalInt beginId() {
        return marks.addsBegin() ? marks.begin() : OptionalInt.empty();
    }

    @Override
    public OptionalInt endId() {
        return marks.addsEnd() ? marks.end() : OptionalInt.empty();
    }

    @Override
    public OptionalInt endOfTextId() {
        return marks.end();
    }

    @Override
    public boolean isEnd(int id) {
        return marks.stops().contains(id);
    }

    @Override
    public OptionalInt paddingId() {
        return marks.padding();
    }

    @Override
    public OptionalInt unknownId() {
        return marks.unknown();
    }

    @Override
    public OptionalInt maskId() {
        return marks.mask();
    }

    private void encode(List<TextPart> parts, boolean starts, Ids ids) {
        boolean fresh = starts;
        for (Fragment outer : control.split(parts)) {
            if (outer.isToken()) {
                ids.add(outer.token());
                fresh = true;
                continue;
            }
            for (Fragment inner : userDefined.split(outer.text())) {
                if (inner.isToken()) {
                    ids.add(inner.token());
                } else {
                    pieces.encode(inner.text(), fresh, ids);
                }
                fresh = inner.isToken();
            }
        }
    }
}
