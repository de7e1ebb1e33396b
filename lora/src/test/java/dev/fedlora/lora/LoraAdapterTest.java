package dev.fedlora.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.fedlora.testkit.Property;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoraAdapterTest {
    private static final AdapterSpec SPEC = new AdapterSpec(1, 2, List.of("attn_q", "attn_v"));

    private static LoraAdapter adapter(String firstTensor, List<String> labels) {
        LoraFactors v = new LoraFactors("blk.0.attn_v.weight", 1, 2, 1, new float[] {4, 5}, new float[] {6});
        LoraFactors q = new LoraFactors(firstTensor, 1, 2, 1, new float[] {1, 2}, new float[] {3});
        ClassifierHead head = labels.isEmpty() ? null : ClassifierHead.zeros(labels, 1);
        return new LoraAdapter("bert", "0".repeat(64), SPEC, List.of(v, q), head);
    }

    private static LoraAdapter adapter() {
        return adapter("blk.0.attn_q.weight", List.of("no", "yes"));
    }

    @Test
    void parameters_factorsGivenUnsorted_comeSortedByTensorThenHead() {
        assertThat(adapter().parameters()).containsExactly(1, 2, 3, 4, 5, 6, 0, 0, 0, 0);
    }

    @Test
    void setParameters_ofParameters_isTheSameAdapter() {
        LoraAdapter from = adapter();
        LoraAdapter to = from.copy();
        to.setParameters(new float[to.parameterCount()]);
        assertThat(to).isNotEqualTo(from);

        to.setParameters(from.parameters());

        assertThat(to).isEqualTo(from).hasSameHashCodeAs(from);
    }

    @Test
    void setParameters_wrongLength_isRefusedAndChangesNothing() {
        LoraAdapter adapter = adapter();

        assertThatThrownBy(() -> adapter.setParameters(new float[9]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("adapter has 10 parameters, got 9");
        assertThat(adapter).isEqualTo(adapter());
    }

    @Test
    void copy_thenTrained_leavesTheOriginal() {
        LoraAdapter original = adapter();
        LoraAdapter copy = original.copy();

        copy.factors().get(0).a()[0] = 9;

        assertThat(original).isEqualTo(adapter());
    }

    @Test
    void equals_otherTensorLabelsOrHead_isFalse() {
        assertThat(adapter())
                .isNotEqualTo(adapter("blk.1.attn_q.weight", List.of("no", "yes")))
                .isNotEqualTo(adapter("blk.0.attn_q.weight", List.of("yes", "no")))
                .isNotEqualTo(adapter("blk.0.attn_q.weight", List.of()));
    }

    @Test
    void isFinite_oneNaNOrInfinity_isFalse() {
        assertThat(adapter().isFinite()).isTrue();
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            LoraAdapter adapter = adapter();
            adapter.factors().get(1).b()[0] = bad;
            assertThat(adapter.isFinite()).isFalse();
        }
    }

    @Test
    void toString_neverPrintsParameters() {
        assertThat(adapter()).hasToString("LoraAdapter[bert, rank 1, 2 tensors, 10 parameters, labels [no, yes]]");
    }

    @Test
    void spec_outOfRange_isRefused() {
        assertThatThrownBy(() -> new AdapterSpec(0, 1, List.of("attn_q")))
                .hasMessageContaining("rank must be at least 1");
        assertThatThrownBy(() -> new AdapterSpec(1, Float.NaN, List.of("attn_q")))
                .hasMessageContaining("alpha");
        assertThatThrownBy(() -> new AdapterSpec(1, 1, List.of())).hasMessageContaining("at least one linear layer");
    }

    @Test
    void productNorm_equalsThatOfTheProduct() {
        Property.forAll(50, random -> {
            int r = random.nextInt(1, 5);
            int k = random.nextInt(1, 9);
            int n = random.nextInt(1, 9);
            float[] a = Property.floats(random, r * k);
            float[] b = Property.floats(random, n * r);
            double squares = 0;
            for (int i = 0; i < n * k; i++) {
                double product = 0;
                for (int j = 0; j < r; j++) {
                    product += (double) b[i / k * r + j] * a[j * k + i % k];
                }
                squares += product * product;
            }
            double expected = Math.sqrt(squares);
            double size = norm(a) * norm(b); // what rounding and cancellation are measured by: √eps of it at the most
            assertThat(new LoraFactors("t", r, k, n, a, b).productNorm()).isCloseTo(expected, offset(1e-7 * size));
        });
    }

    private static double norm(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    @Test
    void factors_wrongLength_areRefusedByTensorName() {
        assertThatThrownBy(() -> new LoraFactors("blk.0.attn_q.weight", 2, 3, 4, new float[6], new float[7]))
                .hasMessageContaining("blk.0.attn_q.weight")
                .hasMessageContaining("hold 6 and 8 values, got 6 and 7");
    }
}
