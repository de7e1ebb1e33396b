package dev.fedlora.lora.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.gguf.AttentionHeads;
import dev.fedlora.lora.gguf.GgufAdapters;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufWriter;
import dev.fedlora.lora.peft.PeftDirectory;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.safetensors.SafetensorsWriter;
import dev.fedlora.lora.testing.SmallLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterVerifierTest {
    @TempDir
    private Path folder;

    private GgufFile base;

    @BeforeEach
    void writeBase() throws IOException {
        base = SmallLlama.write(folder.resolve("base.gguf"), QuantizationType.F32);
    }

    @Test
    void verify_everyForm_findsNothingWrong() throws IOException {
        LoraAdapter adapter = SmallLlama.adapter(base);
        GgufAdapters.write(adapter, folder.resolve("a.gguf"));
        PeftDirectory.write(adapter, AttentionHeads.of(base), folder.resolve("peft"));
        Files.write(folder.resolve("stored"), AdapterBytes.encode(adapter));
        for (String form : List.of("a.gguf", "peft", "stored")) {
            AdapterVerifier.Report report = AdapterVerifier.verify(folder.resolve(form), base);
            assertThat(report.problems()).isEmpty();
            assertThat(report.isSound()).isTrue();
            assertThat(report.losses().values()).allMatch(List::isEmpty);
        }
    }

    @Test
    void verify_whatGgufCannotSay_isTold() throws IOException {
        LoraAdapter plain = SmallLlama.adapter(base);
        AdapterSpec spec = new AdapterSpec(
                3, 6, plain.spec().targets(), LoraScaling.RANK_STABILIZED, Map.of(), Map.of("attn_v", 12f));
        LoraAdapter adapter = new LoraAdapter(
                "llama", base.sha256(), spec, plain.factors(), ClassifierHead.zeros(List.of("a", "b"), 32));
        base = withWidth();
        LoraAdapter fitting = new LoraAdapter("llama", base.sha256(), spec, adapter.factors(), adapter.head());
        Files.write(folder.resolve("stored"), AdapterBytes.encode(fitting));
        AdapterVerifier.Report report = AdapterVerifier.verify(folder.resolve("stored"), base);
        assertThat(report.problems()).isEmpty();
        assertThat(report.losses().get("gguf"))
                .hasSize(3)
                .anyMatch(loss -> loss.contains("classifier head"))
                .anyMatch(loss -> loss.contains("rank-stabilized"))
                .anyMatch(loss -> loss.contains("alphas of 2 tensors"));
        assertThat(report.losses().get("merged")).containsExactly("the classifier head");
        assertThat(report.losses().get("peft")).isEmpty();
    }

    private GgufFile withWidth() throws IOException {
        GgufWriter out = new GgufWriter();
        base.metadata().forEach(out::put);
        out.u32("llama.embedding_length", SmallLlama.INPUTS);
        base.tensors().forEach(t -> out.tensor(t.name(), t.type(), t.dimensions(), () -> base.bytes(t.name())));
        out.write(folder.resolve("wide.gguf"));
        return GgufFile.open(folder.resolve("wide.gguf"));
    }

    @Test
    void verify_ggufWithManyMistakes_listsThemAll() throws IOException {
        Path file = folder.resolve("wrong.gguf");
        new GgufWriter()
                .text("general.architecture", "qwen2")
                .text("general.type", "adapter")
                .text("adapter.type", "lora")
                .text(GgufAdapters.BASE, "f".repeat(64))
                .tensor("blk.0.attn_q.weight.lora_a", List.of(32L, 2L), nan(64))
                .tensor("blk.0.attn_q.weight.lora_b", List.of(3L, 63L), new float[189])
                .tensor("blk.0.attn_v.weight.lora_a", List.of(31L, 2L), new float[62])
                .tensor("blk.1.attn_v.weight.lora_b", List.of(2L, 32L), new float[64])
                .tensor("blk.9.attn_v.weight.lora_a", List.of(32L, 2L), new float[64])
                .tensor("blk.9.attn_v.weight.lora_b", List.of(2L, 32L), new float[64])
                .tensor("head", List.of(4L), new float[4])
                .write(file);
        assertThat(AdapterVerifier.verify(file, base).problems())
                .containsExactlyInAnyOrder(
                        "it is for architecture qwen2, the base model is llama",
                        "it is for the base model " + "f".repeat(64) + ", this one is " + base.sha256(),
                        "tensor head with dimensions [4] is no half of a LoRA pair",
                        "blk.0.attn_q.weight.lora_a has 1 values of 64 that are not finite",
                        "blk.0.attn_q.weight.lora_a has rank 2, blk.0.attn_q.weight.lora_b has rank 3",
                        "blk.0.attn_q.weight.lora_b has 63 outputs, blk.0.attn_q.weight of the base model has 64",
                        "blk.0.attn_v.weight.lora_a has no B beside it",
                        "blk.0.attn_v.weight.lora_a has 31 inputs, blk.0.attn_v.weight of the base model has 32",
                        "blk.1.attn_v.weight.lora_b has no A beside it",
                        "blk.9.attn_v.weight.lora_a is for blk.9.attn_v.weight, which the base model does not have");
    }

    private static float[] nan(int count) {
        float[] values = new float[count];
        values[1] = Float.NaN;
        return values;
    }

    @Test
    void verify_peftWithMistakes_listsThem() throws IOException {
        Path peft = folder.resolve("peft");
        PeftDirectory.write(SmallLlama.adapter(base), AttentionHeads.of(base), peft);
        String layer = "base_model.model.model.layers.0.self_attn.";
        new SafetensorsWriter()
                .tensor(layer + "q_proj.lora_A.weight", new float[96], 3, 32)
                .tensor("base_model.model.model.layers.0.mlp.router.lora_A.weight", new float[1], 1, 1)
                .tensor("something", new float[1], 1)
                .write(peft.resolve("adapter_model.safetensors"));
        assertThat(AdapterVerifier.verify(peft, base).problems())
                .containsExactlyInAnyOrder(
                        layer + "q_proj.lora_A.weight has no B beside it",
                        "tensor base_model.model.model.layers.0.mlp.router.lora_A.weight adapts a module that a llama model"
                                + " does not have",
                        "tensor something of shape [1] is no half of a LoRA pair");
        Files.delete(peft.resolve("adapter_model.safetensors"));
        assertThat(AdapterVerifier.verify(peft, base).problems())
                .singleElement()
                .asString()
                .contains("has no adapter_model.safetensors");
    }

    @Test
    void verify_filesThatAreNoAdapters_areOneProblem() throws IOException {
        Path file = folder.resolve("text");
        Files.writeString(file, "not an adapter");
        assertThat(AdapterVerifier.verify(file, base).problems()).isNotEmpty();
        assertThat(AdapterVerifier.verify(base.path(), base).isSound()).isFalse();
        new SafetensorsWriter().write(file);
        assertThat(AdapterVerifier.verify(file, base).problems()).contains("it adapts nothing");
    }
}
