package dev.fedlora.peer;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** One block of a Llama: attention and a gated feed-forward network, each behind a norm and around a residual. */
final class LlamaBlock {
    private final ModelShape shape;
    private final RmsNorm attentionNorm;
    private final LoraLinear query;
    private final LoraLinear key;
    private final LoraLinear value;
    private final LoraLinear output;
    private final RmsNorm feedForwardNorm;
    private final Tensor gate;
    private final Tensor up;
    private final Tensor down;

    LlamaBlock(ModelShape shape, RandomWeights weights) {
        this.shape = shape;
        attentionNorm = new RmsNorm(weights.norm(shape.width()));
        query = new LoraLinear(weights, shape.width(), shape.width());
        key = new LoraLinear(weights, shape.keyWidth(), shape.width());
        value = new LoraLinear(weights, shape.keyWidth(), shape.width());
        output = new LoraLinear(weights, shape.width(), shape.width());
        feedForwardNorm = new RmsNorm(weights.norm(shape.width()));
        gate = weights.matrix(shape.feedForward(), shape.width());
        up = weights.matrix(shape.feedForward(), shape.width());
        down = weights.matrix(shape.width(), shape.feedForward());
    }

    void addTrained(TensorVector parameters) {
        query.addTrained(parameters);
        key.addTrained(parameters);
        value.addTrained(parameters);
        output.addTrained(parameters);
    }

    /** From B·T × D to the same. */
    Tensor forward(Tensor x, RotaryEmbedding rotary, int batch) {
        Tensor afterAttention = x.add(attention(attentionNorm.apply(x), rotary, batch));
        return afterAttention.add(feedForward(feedForwardNorm.apply(afterAttention)));
    }

    private Tensor attention(Tensor x, RotaryEmbedding rotary, int batch) {
        Tensor queries = rotary.apply(heads(query.forward(x), batch, shape.heads()));
        Tensor keys = rotary.apply(heads(key.forward(x), batch, shape.keyHeads()));
        Tensor values = heads(value.forward(x), batch, shape.keyHeads());
        Tensor mixed = torch.scaled_dot_product_attention(
                queries, repeated(keys), repeated(values), new TensorOptional(), 0, true, new DoubleOptional(), false);
        return output.forward(mixed.transpose(1, 2).reshape(-1, shape.width()));
    }

    private Tensor feedForward(Tensor x) {
        return torch.linear(torch.silu(torch.linear(x, gate)).mul(torch.linear(x, up)), down);
    }

    /** From B·T × heads·width to B × heads × T × width. */
    private Tensor heads(Tensor x, int batch, int count) {
        return x.view(batch, -1, count, shape.headWidth()).transpose(1, 2);
    }

    /** Each head as often as queries use it: B × K × T × width to B × H × T × width. */
    private Tensor repeated(Tensor x) {
        long batch = x.size(0);
        long tokens = x.size(2);
        long[] groups = {batch, shape.keyHeads(), shape.heads() / shape.keyHeads(), tokens, shape.headWidth()};
        return x.unsqueeze(2).expand(groups).reshape(batch, shape.heads(), tokens, shape.headWidth());
    }
}
