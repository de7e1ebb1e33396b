package dev.fedlora.lora.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.peft.PeftDirectory;
import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.testing.TestAdapters;
import dev.fedlora.testkit.Property;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufAdaptersTest {
    @TempDir
    private Path folder;

    /** A base of MiniLM's shapes in which an adapter of queries and values finds what it adapts. */
    private GgufFile base(String architecture, int hidden) throws IOException {
        GgufWriter out =
                new GgufWriter().text("general.architecture", architecture).u32("bert.embedding_length", hidden);
        for (int layer = 0; layer < 6; layer++) {
            for (String target : List.of("attn_q", "attn_v")) {
                out.tensor(
                        "blk.%d.%s.weight".formatted(layer, target),
                        List.of((long) hidden, (long) hidden),
                        new float[hidden * hidden]);
            }
        }
        Path file = folder.resolve(architecture + hidden + ".gguf");
        out.write(file);
        return GgufFile.open(file);
    }

    @Test
    void write_ofWhatPeftWrote_equalsLlamaCppsConversion() throws IOException {
        GgufFile base = base("bert", 384);
        LoraAdapter adapter = PeftDirectory.read(Shared.path("adapters/peft-minilm"), "bert", base.sha256());
        Path file = folder.resolve("adapter.gguf");
        GgufAdapters.write(adapter, file);
        GgufFile ours = GgufFile.open(file);
        GgufFile theirs = GgufFile.open(Shared.path("adapters/minilm-lora-r8.gguf"));
        assertThat(ours.tensors()).hasSameSizeAs(theirs.tensors());
        for (GgufTensor tensor : theirs.tensors()) {
            assertThat(ours.tensor(tensor.name()).dimensions()).isEqualTo(tensor.dimensions());
            assertThat(ours.tensor(tensor.name()).type()).isEqualTo(tensor.type());
            assertThat(ours.bytes(tensor.name())).as(tensor.name()).isEqualTo(theirs.bytes(tensor.name()));
        }
        for (String key : List.of("general.architecture", "general.type", "adapter.type", "adapter.lora.alpha")) {
            assertThat(ours.metadata()).containsEntry(key, theirs.metadata().get(key));
        }
        byte[] expected = AdapterBytes.encode(adapter);
        assertThat(AdapterBytes.encode(GgufAdapters.read(file, base))).isEqualTo(expected);
        assertThat(AdapterBytes.encode(GgufAdapters.read(theirs.path(), base))).isEqualTo(expected);
    }

    /** llama.cpp multiplies by alpha / rank, with one alpha for the file: the products must be those of the spec. */
    @Test
    void write_ofPatterns_keepsTheProducts() {
        Property.forAll(50, random -> {
            LoraAdapter adapter = TestAdapters.patterned(random);
            Path file = folder.resolve("patterned.gguf");
            try {
                GgufAdapters.write(adapter, file);
                GgufFile written = GgufFile.open(file);
                float alpha = (float) written.floating("adapter.lora.alpha");
                for (LoraFactors f : adapter.factors()) {
                    float[] b = Dequantizer.all(written.matrix(f.tensor() + ".lora_b"));
                    for (int i = 0; i < b.length; i++) {
                        double expected = (double) adapter.spec().scale(f) * f.b()[i];
                        // two roundings to single precision, of B and of the scale
                        assertThat((double) alpha / f.rank() * b[i])
                                .isCloseTo(expected, offset(3e-7 * Math.abs(expected)));
                    }
                    assertThat(GgufAdapters.isFolded(adapter.spec(), f) || Arrays.equals(b, f.b()))
                            .isTrue();
                }
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
    }

    @Test
    void read_ofDifferentRanks_givesAPattern() throws IOException {
        GgufFile base = base("bert", 32);
        LoraFactors one = new LoraFactors("blk.0.attn_q.weight", 1, 32, 32, new float[32], new float[32]);
        LoraFactors two = new LoraFactors("blk.0.attn_v.weight", 2, 32, 32, new float[64], new float[64]);
        AdapterSpec spec =
                new AdapterSpec(1, 6, List.of("attn_q", "attn_v"), LoraScaling.STANDARD, Map.of("attn_v", 2), Map.of());
        LoraAdapter adapter = new LoraAdapter("bert", base.sha256(), spec, List.of(one, two), null);
        Path file = folder.resolve("ranks.gguf");
        GgufAdapters.write(adapter, file);
        assertThat(GgufAdapters.read(file, base)).isEqualTo(adapter);
    }

    @Test
    void read_forAnotherBase_isRefused() throws IOException {
        LoraAdapter adapter = adapter(base("bert", 32));
        Path file = folder.resolve("adapter.gguf");
        GgufAdapters.write(adapter, file);
        assertThatThrownBy(() -> GgufAdapters.read(file, base("bert", 64)))
                .hasMessageContaining("adapter is for the base model " + adapter.baseSha256());
        assertThatThrownBy(() -> GgufAdapters.read(file, base("llama", 32)))
                .hasMessageContaining("adapter is for architecture bert, the base model")
                .hasMessageContaining("is llama");
    }

    @Test
    void requireFits_anotherShapeOrTensor_isRefused() throws IOException {
        GgufFile base = base("bert", 32);
        LoraAdapter adapter = adapter(base);
        GgufAdapters.requireFits(adapter, base);
        LoraFactors wide = new LoraFactors("blk.0.attn_q.weight", 1, 31, 32, new float[31], new float[32]);
        assertThatThrownBy(() -> GgufAdapters.requireFits(with(adapter, wide), base))
                .hasMessageContaining("factors of blk.0.attn_q.weight with dimensions [31, 32]")
                .hasMessageContaining("has [32, 32]");
        LoraFactors other = new LoraFactors("blk.0.attn_k.weight", 1, 32, 32, new float[32], new float[32]);
        assertThatThrownBy(() -> GgufAdapters.requireFits(with(adapter, other), base))
                .hasMessageContaining("the base model has none");
    }

    @Test
    void read_filesThatAreNoAdapters_areRefused() throws IOException {
        GgufFile base = base("bert", 32);
        assertRefused(base, base.path(), "general.type is not \"adapter\"");
        assertRefused(base, file(adapterHeader(), "x.weight"), "not of a LoRA pair: x.weight");
        assertRefused(
                base, file(adapterHeader(), "blk.0.attn_q.weight.lora_a"), "has no tensor blk.0.attn_q.weight.lora_b");
        assertRefused(base, file(adapterHeader(), "blk.0.attn_q.weight.lora_b"), "has no tensor that ends in .lora_a");
        assertRefused(base, file(adapterHeader(), "x.lora_a", "x.lora_b"), "not in a block");
        assertRefused(
                base,
                file(adapterHeader().f32("adapter.lora.alpha", -1), "blk.0.x.weight.lora_a", "blk.0.x.weight.lora_b"),
                "alpha must be positive");
    }

    private static GgufWriter adapterHeader() {
        return new GgufWriter()
                .text("general.architecture", "bert")
                .text("general.type", "adapter")
                .text("adapter.type", "lora");
    }

    private Path file(GgufWriter header, String... tensors) throws IOException {
        for (String tensor : tensors) {
            header.tensor(tensor, List.of(1L, 1L), new float[1]);
        }
        Path file = folder.resolve("other.gguf");
        header.write(file);
        return file;
    }

    private static void assertRefused(GgufFile base, Path file, String message) {
        assertThatThrownBy(() -> GgufAdapters.read(file, base))
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    private static LoraAdapter adapter(GgufFile base) {
        LoraFactors factors = new LoraFactors("blk.0.attn_q.weight", 1, 32, 32, new float[32], new float[32]);
        return with(
                new LoraAdapter("bert", base.sha256(), new AdapterSpec(1, 1, List.of("attn_q")), List.of(), null),
                factors);
    }

    private static LoraAdapter with(LoraAdapter adapter, LoraFactors factors) {
        return new LoraAdapter(adapter.architecture(), adapter.baseSha256(), adapter.spec(), List.of(factors), null);
    }
}
