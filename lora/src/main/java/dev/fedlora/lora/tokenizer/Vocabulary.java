package dev.fedlora.lora.tokenizer;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufValue;
import dev.fedlora.lora.gguf.GgufValueType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** The tokens of a GGUF file with their types. Immutable and thread-safe. */
final class Vocabulary {
    static final String TOKENS = "tokenizer.ggml.tokens";
    private static final String TYPES = "tokenizer.ggml.token_type";
    private static final Pattern BYTE_TOKEN = Pattern.compile("<0x[0-9A-F]{2}>");

    /** Tokens that end a turn or a text wherever they occur; files often mark them as ordinary text. */
    private static final Set<String> ENDS = Set.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "</s>",
            "<|eom_id|>",
            "<EOT>",
            "<|EOT|>",
            "<|end_of_text|>",
            "<eos>",
            "<\uff5cend\u2581of\u2581sentence\uff5c>");

    private final List<String> tokens;
    private final TokenType[] types;
    private final Map<String, Integer> ids;

    private Vocabulary(List<String> tokens, TokenType[] types) {
        this.tokens = tokens;
        this.types = types;
        this.ids = new HashMap<>(tokens.size() * 2);
        for (int id = 0; id < types.length; id++) {
            if (ENDS.contains(tokens.get(id))) {
                types[id] = TokenType.CONTROL;
            }
            ids.putIfAbsent(tokens.get(id), id);
        }
    }

    /**
     * Reads the tokens of {@code model} and, where there are any, their types.
     *
     * @throws MalformedFileException when there are no tokens, or another number of types, or an unknown type
     */
    static Vocabulary of(GgufFile model) {
        List<String> tokens = model.strings(TOKENS);
        if (tokens.isEmpty()) {
            throw new MalformedFileException(model.path(), TOKENS + " is empty");
        }
        return new Vocabulary(tokens, types(model, tokens));
    }

    int size() {
        return types.length;
    }

    String text(int id) {
        check(id);
        return tokens.get(id);
    }

    TokenType type(int id) {
        check(id);
        return types[id];
    }

    /** Returns the id of the token {@code text} of whatever type, -1 when there is none. */
    int find(String text) {
        Integer id = ids.get(text);
        return id == null ? -1 : id;
    }

    /** Returns the id of {@code text} as merges may make it: -1 for special tokens and bytes, whatever the text says. */
    int findText(String text) {
        Integer id = ids.get(text);
        return id == null || !types[id].isText() ? -1 : id;
    }

    /** Returns the byte that a token of type BYTE stands for. */
    int byteValue(int id) {
        return Integer.parseInt(tokens.get(id), 3, 5, 16);
    }

    /** Whether a text or a turn ends where this token stands, going by its name. */
    boolean endsByName(int id) {
        return ENDS.contains(tokens.get(id));
    }

    /** Returns the array of numbers under {@code key}, one for each token. */
    static GgufValue.Numbers perToken(GgufFile model, String key, int tokens, GgufValue.Numbers numbers) {
        if (numbers.count() != tokens) {
            throw new MalformedFileException(
                    model.path(), "%s has %d entries, %s has %d".formatted(key, numbers.count(), TOKENS, tokens));
        }
        return numbers;
    }

    static boolean isFloating(GgufValue.Numbers numbers) {
        return numbers.type() == GgufValueType.F32 || numbers.type() == GgufValueType.F64;
    }

    private static TokenType[] types(GgufFile model, List<String> tokens) {
        TokenType[] types = new TokenType[tokens.size()];
        if (model.findNumbers(TYPES).isEmpty()) {
            Arrays.setAll(
                    types, id -> BYTE_TOKEN.matcher(tokens.get(id)).matches() ? TokenType.BYTE : TokenType.NORMAL);
            return types;
        }
        GgufValue.Numbers numbers =
                perToken(model, TYPES, types.length, model.findNumbers(TYPES).get());
        if (isFloating(numbers)) {
            throw new MalformedFileException(
                    model.path(), TYPES + " is an array of " + numbers.type() + ", expected whole numbers");
        }
        for (int id = 0; id < types.length; id++) {
            try {
                types[id] = TokenType.ofNumber(numbers.whole(id));
            } catch (IllegalArgumentException unknown) {
                throw new MalformedFileException(
                        model.path(), "%s of token %d is %s".formatted(TYPES, id, unknown.getMessage()));
            }
            if (types[id] == TokenType.BYTE
                    && !BYTE_TOKEN.matcher(tokens.get(id)).matches()) {
                throw new MalformedFileException(
                        model.path(), "%s of token %d is BYTE, but it is not called <0xXX>".formatted(TYPES, id));
            }
        }
        return types;
    }

    private void check(int id) {
        if (id < 0 || id >= types.length) {
            throw new IllegalArgumentException("token " + id + " is not in a vocabulary of " + types.length);
        }
    }
}
