package dev.fedlora.lora.testing;

import dev.fedlora.lora.gguf.GgufValue;
import dev.fedlora.lora.gguf.GgufValueType;
import dev.fedlora.lora.gguf.GgufWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Small vocabularies of language models, to be written into GGUF files. */
public final class TestSubwords {
    /** The id of the first piece after the 3 special tokens and 256 bytes of {@link #sentencePiece}. */
    public static final int FIRST_PIECE = 259;

    /** The id of the first merge's token after the 256 bytes of {@link #bytePairs}. */
    public static final int FIRST_MERGE = 256;

    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();

    private TestSubwords() {}

    /** Returns a vocabulary of unknown 0, begin 1, end 2, bytes 3 to 258, and {@code pieces} of falling scores. */
    public static TestSubwords sentencePiece(String... pieces) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int value = 0; value < 256; value++) {
            tokens.add("<0x%02X>".formatted(value));
        }
        tokens.addAll(List.of(pieces));
        int[] types = new int[tokens.size()];
        float[] scores = new float[tokens.size()];
        for (int id = 0; id < types.length; id++) {
            types[id] = id == 0 ? 2 : id < 3 ? 3 : id < FIRST_PIECE ? 6 : 1;
            scores[id] = -id;
        }
        return new TestSubwords()
                .text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", tokens)
                .put("tokenizer.ggml.scores", floats(scores))
                .i32s("tokenizer.ggml.token_type", types);
    }

    /**
     * Returns a vocabulary of the 256 bytes, of {@code merges}' tokens in their order, and of {@code controls}, the last of
     * which is the end of a text.
     */
    public static TestSubwords bytePairs(String pre, List<String> merges, String... controls) {
        List<String> tokens = new ArrayList<>();
        int shifted = 256;
        for (int value = 0; value < 256; value++) {
            boolean printable = value >= '!' && value <= '~' || value >= 0xA1 && value != 0xAD;
            tokens.add(String.valueOf((char) (printable ? value : shifted++)));
        }
        merges.forEach(merge -> tokens.add(merge.replace(" ", "")));
        int text = tokens.size();
        tokens.addAll(List.of(controls));
        int[] types = new int[tokens.size()];
        for (int id = 0; id < types.length; id++) {
            types[id] = id < text ? 1 : 3;
        }
        TestSubwords vocabulary = new TestSubwords()
                .text("tokenizer.ggml.model", "gpt2")
                .text("tokenizer.ggml.pre", pre)
                .texts("tokenizer.ggml.tokens", tokens)
                .texts("tokenizer.ggml.merges", merges)
                .i32s("tokenizer.ggml.token_type", types);
        return controls.length == 0 ? vocabulary : vocabulary.u32("tokenizer.ggml.eos_token_id", tokens.size() - 1);
    }

    /** Puts a value in the place of the one that was there. */
    public TestSubwords put(String key, GgufValue value) {
        metadata.put(key, value);
        return this;
    }

    /** Puts a string. */
    public TestSubwords text(String key, String value) {
        return put(key, new GgufValue.Text(value));
    }

    /** Puts an array of strings. */
    public TestSubwords texts(String key, List<String> values) {
        return put(key, new GgufValue.Texts(values));
    }

    /** Puts a U32. */
    public TestSubwords u32(String key, int value) {
        return put(key, new GgufValue.Whole(GgufValueType.U32, Integer.toUnsignedLong(value)));
    }

    /** Puts a truth value. */
    public TestSubwords flag(String key, boolean value) {
        return put(key, new GgufValue.Flag(value));
    }

    /** Puts an array of I32. */
    public TestSubwords i32s(String key, int[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putInt(value);
        }
        return put(key, new GgufValue.Numbers(GgufValueType.I32, bytes.flip()));
    }

    /** Writes it as a file without tensors. */
    public void write(Path file) throws IOException {
        GgufWriter writer = new GgufWriter();
        metadata.forEach(writer::put);
        writer.write(file);
    }

    /** Returns an array of F32 metadata. */
    public static GgufValue floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return new GgufValue.Numbers(GgufValueType.F32, bytes.flip());
    }
}
