package dev.fedlora.lora.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.gguf.GgufAdapters;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BaseModels;
import dev.fedlora.lora.model.NextTokenModel;
import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.testing.SmallLlama;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterMergerTest {
    @TempDir
    private Path folder;

    private GgufFile merged(GgufFile base, LoraAdapter adapter, float strength, QuantizationType type)
            throws IOException {
        Path target = folder.resolve("merged.gguf");
        new AdapterMerger(base, adapter, strength, type).write(target);
        return GgufFile.open(target);
    }

    @Test
    void write_ofStories_givesTheLogitsOfLlamaCppsMergedModel() throws IOException {
        GgufFile base = GgufFile.open(Shared.path("models/stories260K-f32.gguf"));
        LoraAdapter adapter = GgufAdapters.read(Shared.path("adapters/stories260K-lora-r4.gguf"), base);
        GgufFile merged = merged(base, adapter, 1, null);
        JsonNode golden = new ObjectMapper()
                .readTree(Shared.path("golden/stories260K-merged-lora.logits.json")
                        .toFile());
        int[] tokens = new ObjectMapper().convertValue(golden.get("tokens"), int[].class);
        ByteBuffer expected = ByteBuffer.wrap(
                        Files.readAllBytes(Shared.path("golden/stories260K-merged-lora.logits.f32")))
                .order(ByteOrder.LITTLE_ENDIAN);
        BaseModel model = BaseModels.of(merged);
        try (NextTokenModel next =
                new NextTokenModel(model.open(MatrixBackends.select("reference").open()))) {
            float[] logits = next.logits(tokens, null);
            for (int i = 0; i < logits.length; i++) {
                // both compute in float; logits are up to 20, where one rounding is 1e-6
                assertThat(logits[i]).isCloseTo(expected.getFloat(4 * i), offset(2e-5f));
            }
        }
    }

    @Test
    void write_ofAnyType_addsTheProductAndCopiesTheRest() throws IOException {
        for (QuantizationType type : List.of(QuantizationType.F32, QuantizationType.Q8_0, QuantizationType.Q4_0)) {
            GgufFile base = SmallLlama.write(folder.resolve("base.gguf"), type);
            LoraAdapter adapter = SmallLlama.adapter(base);
            GgufFile merged = merged(base, adapter, 0.5f, QuantizationType.F32);
            for (LoraFactors f : adapter.factors()) {
                float[] before = Dequantizer.all(base.matrix(f.tensor()));
                float[] after = Dequantizer.all(merged.matrix(f.tensor()));
                for (int i = 0; i < after.length; i++) {
                    double product = 0;
                    for (int j = 0; j < f.rank(); j++) {
                        product +=
                                (double) f.b()[i / f.inputs() * f.rank() + j] * f.a()[j * f.inputs() + i % f.inputs()];
                    }
                    // 0.5 times alpha / rank = 2; rounded once, at a magnitude of up to 10
                    assertThat((double) after[i]).isCloseTo(before[i] + product, offset(1e-6));
                }
            }
            String norm = "blk.1.attn_norm.weight";
            assertThat(merged.bytes(norm)).isEqualTo(base.bytes(norm));
            base.metadata()
                    .forEach((key, value) -> assertThat(merged.metadata()).containsEntry(key, value));
            assertThat(merged.string("fedlora.merged_base_sha256")).isEqualTo(base.sha256());
        }
    }

    @Test
    void write_baseThatWasReplaced_failsAndWritesNothing() throws IOException {
        LoraAdapter adapter = SmallLlama.adapter(SmallLlama.write(folder.resolve("base.gguf"), QuantizationType.F32));
        GgufFile opened = GgufFile.open(folder.resolve("base.gguf"));
        SmallLlama.write(folder.resolve("base.gguf"), QuantizationType.F32);
        assertThatThrownBy(() -> new AdapterMerger(opened, adapter, 1, null).write(folder.resolve("merged.gguf")))
                .hasMessageContaining("base.gguf: has changed since it was opened");
        assertThat(folder.resolve("merged.gguf")).doesNotExist();
    }

    @Test
    void write_withoutAType_keepsThatOfEachTensor() throws IOException {
        GgufFile base = SmallLlama.write(folder.resolve("base.gguf"), QuantizationType.Q8_0);
        GgufFile merged = merged(base, SmallLlama.adapter(base), 1, null);
        assertThat(merged.tensors()).extracting(GgufTensor::type).isEqualTo(types(base));
        assertThat(merged.bytes("blk.0.attn_q.weight")).isNotEqualTo(base.bytes("blk.0.attn_q.weight"));
        GgufFile same = merged(base, SmallLlama.adapter(base), 0, null); // Q8_0 of a dequantized Q8_0 is itself
        assertThat(Dequantizer.all(same.matrix("blk.0.attn_q.weight")))
                .isEqualTo(Dequantizer.all(base.matrix("blk.0.attn_q.weight")));
    }

    private static List<QuantizationType> types(GgufFile file) {
        return file.tensors().stream().map(GgufTensor::type).toList();
    }

    @Test
    void write_ofPatterns_usesEachTensorsScale() throws IOException {
        GgufFile base = SmallLlama.write(folder.resolve("base.gguf"), QuantizationType.F32);
        LoraAdapter plain = SmallLlama.adapter(base);
        AdapterSpec spec = new AdapterSpec(
                3,
                6,
                plain.spec().targets(),
                LoraScaling.RANK_STABILIZED,
                Map.of(),
                Map.of("blk.1.attn_v.weight", 12f));
        LoraAdapter adapter = new LoraAdapter("llama", base.sha256(), spec, plain.factors(), null);
        GgufFile merged = merged(base, adapter, 1, null);
        LoraFactors f = adapter.factors().stream()
                .filter(each -> each.tensor().equals("blk.1.attn_v.weight"))
                .findFirst()
                .orElseThrow();
        double product = 0;
        for (int j = 0; j < 3; j++) {
            product += (double) f.b()[j] * f.a()[j * f.inputs()];
        }
        float before = Dequantizer.all(base.matrix(f.tensor()))[0];
        assertThat((double) Dequantizer.all(merged.matrix(f.tensor()))[0])
                .isCloseTo(before + 12 / Math.sqrt(3) * product, offset(1e-5));
    }

    @Test
    void write_whatCannotBeMerged_isRefusedAndNothingIsWritten() throws IOException {
        GgufFile base = SmallLlama.write(folder.resolve("base.gguf"), QuantizationType.F16);
        LoraAdapter adapter = SmallLlama.adapter(base);
        assertThatThrownBy(() -> new AdapterMerger(base, adapter, Float.NaN, null))
                .hasMessageContaining("got NaN");
        assertThatThrownBy(() -> new AdapterMerger(base, adapter, 1, QuantizationType.TQ2_0))
                .hasMessageContaining("stored as TQ2_0, which cannot be written");
        assertThatThrownBy(() -> new AdapterMerger(base, adapter, 1, QuantizationType.Q6_K))
                .hasMessageContaining("rows of 32 values, which are no whole blocks of 256 that Q6_K has");
        assertThatThrownBy(() -> new AdapterMerger(base, adapter, 1, null).write(base.path()))
                .hasMessageContaining("is the base model itself");
        assertThatThrownBy(() -> new AdapterMerger(base, adapter, 1e30f, null).write(folder.resolve("x.gguf")))
                .hasMessageContaining("blk.0.attn_q.weight, from row 0 on")
                .hasMessageContaining("F16 ends at");
        GgufFile other = SmallLlama.write(folder.resolve("other.gguf"), QuantizationType.F32);
        assertThatThrownBy(() -> new AdapterMerger(other, adapter, 1, null))
                .hasMessageContaining("the adapter is for the base model " + base.sha256());
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).allMatch(path -> path.endsWith("base.gguf") || path.endsWith("other.gguf"));
        }
    }
}
