package dev.fedlora.lora.testing;

import com.sun.jna.Callback;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * llama.cpp itself, compiled: the library inside java-llama.cpp exports its C functions, and the tests ask it for the
 * logits of a model. Keys and values are kept in single precision, on one thread.
 */
public final class LlamaCpp {
    // of llama_context_params, in bytes; the two floats before them tell whether the layout is the one that is known
    private static final int CONTEXT_TOKENS = 0;
    private static final int THREADS = 16;
    private static final int BATCH_THREADS = 20;
    private static final int YARN_BETA_FAST = 52;
    private static final int KEY_TYPE = 88;
    private static final int VALUE_TYPE = 92;
    private static final int F32 = 0;
    private static final int F16 = 1;

    private static final Callback SILENCE = new Silence();

    private final NativeLibrary library;

    private LlamaCpp(NativeLibrary library) {
        this.library = library;
    }

    /** Returns the library; skips the running test, with the reason, where it cannot be used. */
    public static LlamaCpp load() {
        LlamaCpp llama = new LlamaCpp(Ggml.load().library());
        llama.call("llama_log_set", SILENCE, Pointer.NULL);
        llama.call("llama_backend_init");
        return llama;
    }

    /** Returns the logits at every token, T × V. */
    public float[] logits(Path model, int[] tokens, int vocabulary) {
        return logits(model, null, tokens, vocabulary);
    }

    /**
     * Returns the logits at every token, T × V, with an adapter at its own scale.
     *
     * @param adapter a GGUF adapter, or null for the model alone
     */
    public float[] logits(Path model, @Nullable Path adapter, int[] tokens, int vocabulary) {
        Opaque modelParams =
                (Opaque) library.getFunction("llama_model_default_params").invoke(Opaque.class, new Object[0]);
        modelParams.writeInt(8, 0); // no layers on a GPU
        Pointer loaded = library.getFunction("llama_model_load_from_file")
                .invokePointer(new Object[] {model.toString(), modelParams});
        if (loaded == null) {
            throw new IllegalStateException("llama.cpp does not load " + model);
        }
        try {
            Pointer context = library.getFunction("llama_init_from_model")
                    .invokePointer(new Object[] {loaded, params(tokens.length)});
            try {
                if (adapter != null) {
                    apply(loaded, context, adapter);
                }
                decode(context, tokens);
                return read(context, tokens.length, vocabulary);
            } finally {
                call("llama_free", context);
            }
        } finally {
            call("llama_model_free", loaded);
        }
    }

    private void apply(Pointer model, Pointer context, Path adapter) {
        Pointer loaded = library.getFunction("llama_adapter_lora_init")
                .invokePointer(new Object[] {model, adapter.toString()}); // freed with the model
        if (loaded == null) {
            throw new IllegalStateException("llama.cpp does not load " + adapter);
        }
        int failure = library.getFunction("llama_set_adapter_lora").invokeInt(new Object[] {context, loaded, 1.0f});
        if (failure != 0) {
            throw new IllegalStateException("llama_set_adapter_lora gave " + failure);
        }
    }

    private Opaque params(int tokens) {
        Opaque params =
                (Opaque) library.getFunction("llama_context_default_params").invoke(Opaque.class, new Object[0]);
        if (params.readFloat(YARN_BETA_FAST) != 32
                || params.readInt(KEY_TYPE) != F16
                || params.readInt(VALUE_TYPE) != F16) {
            throw new IllegalStateException("the layout of llama_context_params is not the one that is known");
        }
        params.writeInt(CONTEXT_TOKENS, Math.max(64, tokens));
        params.writeInt(THREADS, 1);
        params.writeInt(BATCH_THREADS, 1);
        params.writeInt(KEY_TYPE, F32);
        params.writeInt(VALUE_TYPE, F32);
        return params;
    }

    private void decode(Pointer context, int[] tokens) {
        Batch batch =
                (Batch) library.getFunction("llama_batch_init").invoke(Batch.class, new Object[] {tokens.length, 0, 1});
        batch.n_tokens = tokens.length;
        for (int i = 0; i < tokens.length; i++) {
            batch.token.setInt(4L * i, tokens[i]);
            batch.pos.setInt(4L * i, i);
            batch.n_seq_id.setInt(4L * i, 1);
            batch.seq_id.getPointer(8L * i).setInt(0, 0);
            batch.logits.setByte(i, (byte) 1);
        }
        batch.write();
        int failure = library.getFunction("llama_decode").invokeInt(new Object[] {context, batch});
        call("llama_batch_free", batch);
        if (failure != 0) {
            throw new IllegalStateException("llama_decode gave " + failure);
        }
    }

    private float[] read(Pointer context, int rows, int vocabulary) {
        float[] all = new float[rows * vocabulary];
        for (int row = 0; row < rows; row++) {
            Pointer logits = library.getFunction("llama_get_logits_ith").invokePointer(new Object[] {context, row});
            logits.read(0, all, row * vocabulary, vocabulary);
        }
        return all;
    }

    private void call(String function, Object... arguments) {
        library.getFunction(function).invokeVoid(arguments);
    }

    /** A structure whose fields are read by their position; larger than any that llama.cpp passes by value. */
    public static final class Opaque extends Structure implements Structure.ByValue {
        /** Room for the fields. */
        public long[] words = new long[32];

        @Override
        protected List<String> getFieldOrder() {
            return List.of("words");
        }

        int readInt(int offset) {
            return (int) (words[offset / 8] >>> offset % 8 * 8);
        }

        float readFloat(int offset) {
            return Float.intBitsToFloat(readInt(offset));
        }

        void writeInt(int offset, int value) {
            int shift = offset % 8 * 8;
            words[offset / 8] = words[offset / 8] & ~(0xffffffffL << shift) | (value & 0xffffffffL) << shift;
        }
    }

    /** llama_batch. */
    public static final class Batch extends Structure implements Structure.ByValue {
        public int n_tokens;
        public Pointer token;
        public Pointer embd;
        public Pointer pos;
        public Pointer n_seq_id;
        public Pointer seq_id;
        public Pointer logits;

        @Override
        protected List<String> getFieldOrder() {
            return List.of("n_tokens", "token", "embd", "pos", "n_seq_id", "seq_id", "logits");
        }
    }

    /** Takes llama.cpp's log and says nothing. */
    public static final class Silence implements Callback {
        /** Called for every line. */
        public void callback(int level, Pointer text, Pointer data) {
            // a test's output is its failures
        }
    }
}
