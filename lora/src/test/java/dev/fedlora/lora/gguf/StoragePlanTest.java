package dev.fedlora.lora.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.quant.QuantizationType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What whole files of llama.cpp do not show; those are compared in {@link ModelQuantizerTest}. */
class StoragePlanTest {
    private static GgufTensor tensor(String name, long... dimensions) {
        List<Long> sizes = Arrays.stream(dimensions).boxed().toList();
        return new GgufTensor(name, QuantizationType.F32, sizes, 0, 0);
    }

    private static Map<String, QuantizationType> types(QuantizationType wanted, GgufTensor... tensors) {
        return StoragePlan.of(List.of(tensors), wanted).choices().stream()
                .collect(Collectors.toMap(choice -> choice.tensor().name(), StoragePlan.Choice::type));
    }

    @Test
    void of_whatIsNoWeight_staysAsItIs() {
        assertThat(types(
                        QuantizationType.F16,
                        tensor("blk.0.attn_norm.weight", 64, 2),
                        tensor("blk.0.ffn_gate_inp.weight", 64, 8),
                        tensor("blk.0.attn_q.bias", 64, 2),
                        tensor("position_embd.weight", 64, 512),
                        tensor("token_types.weight", 64, 2),
                        tensor("blk.0.attn_q.weight", 64, 1),
                        tensor("rope_freqs.weight", 64)))
                .allSatisfy((name, type) -> assertThat(type).as(name).isEqualTo(QuantizationType.F32));
    }

    @Test
    void of_experts_areWeightsToo() {
        assertThat(types(QuantizationType.Q8_0, tensor("blk.0.ffn_up_exps.weight", 64, 32, 8)))
                .containsEntry("blk.0.ffn_up_exps.weight", QuantizationType.Q8_0);
    }

    @ParameterizedTest
    @CsvSource({
        // asked for, row length, linear layer, output matrix
        "Q4_0, 256, Q4_0, Q6_K",
        "Q4_0, 64,  Q4_0, Q8_0",
        "Q4_0, 100, F16,  F16",
        "Q8_0, 100, F16,  F16",
        "Q5_1, 64,  Q5_1, Q8_0",
        "Q4_K, 256, Q4_K, Q6_K",
        "Q4_K, 64,  Q5_0, Q8_0",
        "Q5_K, 64,  Q5_1, Q8_0",
        "Q6_K, 512, Q6_K, Q6_K",
        "Q6_K, 96,  Q8_0, Q8_0",
        "Q4_K, 100, F16,  F16",
        "BF16, 100, BF16, BF16",
        "F32,  64,  F32,  F32",
    })
    void of_anyRowLength_givesATypeThatFits(
            QuantizationType wanted, long columns, QuantizationType linear, QuantizationType output) {
        assertThat(types(wanted, tensor("blk.0.attn_q.weight", columns, 8), tensor("output.weight", columns, 8)))
                .containsEntry("blk.0.attn_q.weight", linear)
                .containsEntry("output.weight", output);
    }

    @Test
    void of_tiedModel_givesTheEmbeddingTheOutputsType() {
        GgufTensor embedding = tensor("token_embd.weight", 256, 100);
        assertThat(types(QuantizationType.Q4_0, embedding)).containsEntry("token_embd.weight", QuantizationType.Q6_K);
        assertThat(types(QuantizationType.Q4_0, embedding, tensor("output.weight", 256, 100)))
                .containsEntry("token_embd.weight", QuantizationType.Q4_0);
    }

    /** llama.cpp's use_more_bits for 22 layers, and attn_v of the model of 80 layers. */
    @Test
    void of_mixedType_givesSomeLayersMoreBits() {
        GgufTensor[] tensors = IntStream.range(0, 22)
                .boxed()
                .flatMap(i -> Stream.of(
                        tensor("blk." + i + ".ffn_down.weight", 256, 8), tensor("blk." + i + ".attn_v.weight", 256, 8)))
                .toArray(GgufTensor[]::new);
        Map<String, QuantizationType> types = types(QuantizationType.Q5_K, tensors);
        List<Integer> more = List.of(0, 1, 4, 7, 10, 13, 16, 19, 20, 21);
        for (int i = 0; i < 22; i++) {
            QuantizationType expected = more.contains(i) ? QuantizationType.Q6_K : QuantizationType.Q5_K;
            assertThat(types).containsEntry("blk." + i + ".ffn_down.weight", expected);
            assertThat(types).containsEntry("blk." + i + ".attn_v.weight", expected);
        }
        GgufTensor[] largest = IntStream.range(0, 80)
                .mapToObj(i -> tensor("blk." + i + ".attn_v.weight", 256, 8))
                .toArray(GgufTensor[]::new);
        assertThat(types(QuantizationType.Q4_K, largest).values())
                .containsOnly(QuantizationType.Q5_K, QuantizationType.Q6_K);
    }
}
