package dev.fedlora.lora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.tensor.MatrixBackends;
import java.util.List;
import org.junit.jupiter.api.Test;

class BaseModelTest {
    private static final List<String> LABELS = List.of("no", "yes");
    private final BertModel model = TinyBert.small(1).model;
    private final AdapterSpec spec = new AdapterSpec(3, 6, List.of("attn_v", "ffn_down"));

    @Test
    void newAdapter_startsAsPeftDoes() {
        LoraAdapter adapter = model.newAdapter(spec, LABELS, 5);

        assertThat(adapter.factors())
                .extracting(LoraFactors::tensor)
                .containsExactly(
                        "blk.0.attn_v.weight", "blk.0.ffn_down.weight", "blk.1.attn_v.weight", "blk.1.ffn_down.weight");
        for (LoraFactors factors : adapter.factors()) {
            float bound = (float) (1 / Math.sqrt(factors.inputs()));
            assertThat(factors.b()).containsOnly(0f);
            for (float value : factors.a()) {
                assertThat(value).isBetween(-bound, bound).isNotZero();
            }
        }
        assertThat(adapter.head()).isNotNull().satisfies(head -> {
            assertThat(head.labels()).isEqualTo(LABELS);
            assertThat(head.weight()).hasSize(12).containsOnly(0f);
        });
        assertThat(adapter.baseSha256()).isEqualTo(TinyBert.SHA256);
    }

    @Test
    void newAdapter_sameSeed_isTheSameAndAnotherSeedIsNot() {
        assertThat(model.newAdapter(spec, LABELS, 5)).isEqualTo(model.newAdapter(spec, LABELS, 5));
        assertThat(model.newAdapter(spec, LABELS, 5)).isNotEqualTo(model.newAdapter(spec, LABELS, 6));
    }

    @Test
    void newAdapter_withoutLabels_hasNoHead() {
        assertThat(model.newAdapter(spec, List.of(), 5).head()).isNull();
    }

    @Test
    void newAdapter_unknownTarget_namesItAndWhatThereIs() {
        assertThatThrownBy(() -> model.newAdapter(new AdapterSpec(3, 6, List.of("q_proj")), LABELS, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a bert model has no linear layer 'q_proj'; an adapter can target "
                        + "[attn_q, attn_k, attn_v, attn_output, ffn_up, ffn_down]");
    }

    @Test
    void bind_adapterOfAnotherBase_isRefused() {
        LoraAdapter adapter = model.newAdapter(spec, LABELS, 5);
        LoraAdapter otherFile = new LoraAdapter("bert", "0123", adapter.spec(), adapter.factors(), adapter.head());
        LoraAdapter otherKind =
                new LoraAdapter("llama", TinyBert.SHA256, adapter.spec(), adapter.factors(), adapter.head());
        assertThatThrownBy(() -> model.bind(otherFile))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the adapter was made for base model 0123, this one is tiny");
        assertThatThrownBy(() -> model.bind(otherKind))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the adapter is for architecture llama, the base model is bert");
    }

    @Test
    void bind_factorsThatDoNotFit_areRefused() {
        LoraFactors tooWide = new LoraFactors("blk.0.attn_v.weight", 3, 7, 6, new float[21], new float[18]);
        LoraFactors nowhere = new LoraFactors("blk.2.attn_v.weight", 3, 6, 6, new float[18], new float[18]);
        assertThatThrownBy(() -> model.bind(adapter(tooWide, null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("blk.0.attn_v.weight is 6 x 6 in the base model, the adapter's factors are for 6 x 7");
        assertThatThrownBy(() -> model.bind(adapter(nowhere, null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the adapter holds factors for [blk.2.attn_v.weight], which the base model does not have");
        assertThatThrownBy(() -> model.bind(adapter(null, ClassifierHead.zeros(LABELS, 5))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the adapter's head takes 5 inputs, the base model is 6 wide");
    }

    private LoraAdapter adapter(LoraFactors factors, ClassifierHead head) {
        return new LoraAdapter("bert", TinyBert.SHA256, spec, factors == null ? List.of() : List.of(factors), head);
    }

    @Test
    void forward_badTokens_areRefusedByPosition() {
        try (ForwardPass pass = model.open(MatrixBackends.select("reference").open())) {
            assertThatThrownBy(() -> pass.forward(TokenBatch.of(List.of(new int[] {1}, new int[10])), null, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("sequence 1 has 10 tokens, the model's context limit is 9");
            assertThatThrownBy(() -> pass.forward(TokenBatch.of(List.of(new int[] {1, 11})), null, false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("sequence 0: token 11 at position 1 is outside 0..10");
            assertThatThrownBy(() -> TokenBatch.of(List.of(new int[] {1}, new int[0])))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("sequence 1 of the batch has no tokens");
        }
    }

    @Test
    void backward_withoutKeptActivations_isRefused() {
        BoundAdapter adapter = model.bind(model.newAdapter(spec, LABELS, 5));
        TokenBatch batch = TokenBatch.of(List.of(new int[] {1, 2}));
        AdapterGradients gradients = new AdapterGradients(adapter.parameterCount());
        try (ForwardPass pass = model.open(MatrixBackends.select("reference").open())) {
            pass.forward(batch, adapter, false);
            assertThatThrownBy(() -> pass.backward(new float[12], Segments.whole(batch), gradients))
                    .isInstanceOf(IllegalStateException.class);
            pass.forward(batch, adapter, true);
            assertThatThrownBy(() -> pass.backward(new float[12], Segments.whole(batch), gradients))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("segments use accumulator 0, there are 0");
        }
    }

    @Test
    void shape_outOfRange_namesTheKey() {
        assertThatThrownBy(() -> new BertShape(2, 7, 2, 10, 9, 11, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("bert: embedding_length is 7, must be a multiple of the 2 heads");
    }

    @Test
    void segments_neighboursWithOneAccumulator_areOneSegment() {
        TokenBatch batch = TokenBatch.of(List.of(new int[2], new int[3], new int[1], new int[4]));
        Segments segments = Segments.of(batch, new int[] {1, 1, 0, 1});
        assertThat(segments.count()).isEqualTo(3);
        assertThat(segments.firstRow(1)).isEqualTo(5);
        assertThat(segments.rows(0)).isEqualTo(5);
        assertThat(segments.rows(2)).isEqualTo(4);
        assertThat(segments.accumulator(2)).isEqualTo(1);
        assertThat(segments.endSequence(2)).isEqualTo(4);
    }
}
