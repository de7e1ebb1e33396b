package dev.fedlora.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AdapterSpecTest {
    private static final List<String> TARGETS = List.of("attn_q", "ffn_down");

    private static LoraFactors factors(String tensor, int rank) {
        return new LoraFactors(tensor, rank, 1, 1, new float[rank], new float[rank]);
    }

    @Test
    void scale_standard_isAlphaOverTheFactorsRank() {
        AdapterSpec spec = new AdapterSpec(8, 16, TARGETS);
        assertThat(spec.plain()).isTrue();
        assertThat(spec.scale(factors("blk.0.attn_q.weight", 8))).isEqualTo(2f);
        assertThat(spec.scale(factors("blk.0.attn_q.weight", 2))).isEqualTo(8f);
    }

    @Test
    void scale_rankStabilized_isAlphaOverTheRootOfTheRank() {
        AdapterSpec spec = new AdapterSpec(16, 8, TARGETS, LoraScaling.RANK_STABILIZED, Map.of(), Map.of());
        assertThat(spec.plain()).isFalse();
        assertThat(spec.scale(factors("blk.0.attn_q.weight", 16))).isEqualTo(2f);
        assertThat(spec.scale(factors("blk.0.attn_q.weight", 2))).isEqualTo((float) (8 / Math.sqrt(2)));
    }

    @Test
    void patterns_tensorNameGoesBeforeTargetBeforeTheRest() {
        AdapterSpec spec = new AdapterSpec(
                8,
                16,
                TARGETS,
                LoraScaling.STANDARD,
                Map.of("attn_q", 4, "blk.1.attn_q.weight", 2),
                Map.of("attn_q", 6f, "blk.2.ffn_down.weight", 3f));
        assertThat(spec.plain()).isFalse();
        assertThat(spec.rank("blk.0.attn_q.weight")).isEqualTo(4);
        assertThat(spec.rank("blk.1.attn_q.weight")).isEqualTo(2);
        assertThat(spec.rank("blk.1.ffn_down.weight")).isEqualTo(8);
        assertThat(spec.alpha("blk.2.ffn_down.weight")).isEqualTo(3);
        assertThat(spec.alpha("blk.1.ffn_down.weight")).isEqualTo(16);
        assertThat(spec.scale(factors("blk.1.attn_q.weight", 2))).isEqualTo(3f);
    }

    @Test
    void patterns_wrong_areRefusedByKey() {
        assertThatThrownBy(() -> new AdapterSpec(
                        1, 1, TARGETS, LoraScaling.STANDARD, Map.of("blk.0.attn_k.weight", 1), Map.of()))
                .hasMessageContaining("names blk.0.attn_k.weight")
                .hasMessageContaining("[attn_q, ffn_down]");
        assertThatThrownBy(() -> new AdapterSpec(1, 1, TARGETS, LoraScaling.STANDARD, Map.of("attn_q", 0), Map.of()))
                .hasMessage("rankPattern.attn_q must be at least 1, got 0");
        assertThatThrownBy(() ->
                        new AdapterSpec(1, 1, TARGETS, LoraScaling.STANDARD, Map.of(), Map.of("attn_q", Float.NaN)))
                .hasMessage("alphaPattern.attn_q must be positive and finite, got NaN");
    }

    @Test
    void patterns_inAnyOrder_areTheSameSpec() {
        AdapterSpec one = new AdapterSpec(
                1, 1, TARGETS, LoraScaling.STANDARD, Map.of("attn_q", 2, "ffn_down", 3), Map.of("attn_q", 2f));
        assertThat(one.rankPattern().keySet()).containsExactly("attn_q", "ffn_down");
        assertThatThrownBy(() -> one.rankPattern().put("attn_q", 9)).isInstanceOf(UnsupportedOperationException.class);
    }
}
