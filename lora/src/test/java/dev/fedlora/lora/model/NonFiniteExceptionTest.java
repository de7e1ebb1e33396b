package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.train.Evaluator;
import dev.fedlora.lora.train.WorkerPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models of which one value is not finite: whatever is asked of them ends with an error that names the tensor. */
class NonFiniteExceptionTest {
    private static final int[] TEXT = {1, 7, 3, 3, 9, 4, 2, 5, 1, 7, 3, 3};

    @TempDir
    private Path folder;

    /** Returns a decoder whose tensor {@code name} has {@code value} as the second value of its third row. */
    private BaseModel model(String name, float value) throws IOException {
        GgufFile file = TinyDecoder.LLAMA.write(folder);
        GgufWriter out = new GgufWriter();
        file.metadata().forEach(out::put);
        for (GgufTensor tensor : file.tensors()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            bytes.put(file.bytes(tensor.name())).flip();
            if (tensor.name().equals(name)) {
                bytes.putFloat(Float.BYTES * (2 * (int) tensor.columns() + 1), value);
            }
            out.tensor(tensor.name(), tensor.type(), tensor.dimensions(), () -> bytes);
        }
        Path changed = folder.resolve("changed.gguf");
        out.write(changed);
        return BaseModels.of(GgufFile.open(changed));
    }

    private static void assertEndsAll(BaseModel model, @Nullable BoundAdapter adapter, String message) {
        MatrixBackend backend = MatrixBackends.select("vector");
        try (NextTokenModel next = new NextTokenModel(model.open(backend.open()));
                TextGenerator generator = new TextGenerator(model, backend.open());
                WorkerPool pool = new WorkerPool(model, backend, 1)) {
            assertEnds(() -> next.logits(TEXT, adapter), "a logit is NaN: " + message);
            assertEnds(
                    () -> generator.generate(
                            TEXT, adapter, new TextGenerator.Plan(3, Sampling.GREEDY), token -> false, token -> true),
                    "a logit is NaN: " + message);
            assertEnds(
                    () -> Perplexity.of(model, backend, 2, adapter, new Perplexity.Text(TEXT, OptionalInt.empty(), 4)),
                    message);
            boolean[] learned = new boolean[TEXT.length];
            learned[5] = true;
            assertEnds(
                    () -> new Evaluator(pool).evaluateTexts(adapter, List.of(new EncodedText(TEXT, learned, null))),
                    message);
        }
    }

    private static void assertEnds(ThrowingCallable what, String message) {
        assertThatThrownBy(what).isInstanceOf(NonFiniteException.class).hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"blk.0.attn_q.weight", "blk.1.ffn_down.weight", "output.weight"})
    void results_ofABaseWithNan_areRefusedByTensor(String tensor) throws IOException {
        assertEndsAll(model(tensor, Float.NaN), null, "tensor " + tensor + " of the base model holds NaN in row 2");
    }

    @Test
    void results_ofAnAdapterWithNan_nameTheAdapter() {
        BaseModel model = BaseModels.of(TinyDecoder.LLAMA.write(folder));
        LoraAdapter adapter = model.newAdapter(new AdapterSpec(2, 4, List.of("attn_v")), List.of(), 1);
        BoundAdapter bound = model.bind(adapter);
        adapter.factors().get(0).b()[3] = Float.NaN;
        assertEndsAll(model, bound, "the adapter holds a value that is not a finite number");
    }

    @Test
    void results_thatOverflow_areRefused() throws IOException {
        BaseModel model = model("output.weight", 3e38f);
        try (NextTokenModel next =
                new NextTokenModel(model.open(MatrixBackends.select("reference").open()))) {
            assertEnds(() -> next.logits(TEXT, null), "neither the base model nor an adapter holds such a value");
        }
    }

    @Test
    void embed_adapterWithNan_isRefused() {
        BaseModel model = TinyBert.small(1).model;
        LoraAdapter adapter = model.newAdapter(new AdapterSpec(2, 4, List.of("attn_v")), List.of("a", "b"), 1);
        BoundAdapter bound = model.bind(adapter);
        adapter.factors().get(0).b()[3] = Float.NaN;
        try (SequenceClassifier classifier = new SequenceClassifier(
                model.open(MatrixBackends.select("reference").open()))) {
            assertEnds(() -> classifier.embed(new int[] {1, 2}, bound), "the adapter holds a value");
            assertEnds(
                    () -> classifier.logits(TokenBatch.of(List.of(new int[] {1, 2})), bound),
                    "a class's logit is NaN: the adapter holds a value");
        }
    }
}
