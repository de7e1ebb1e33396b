package dev.fedlora.lora.model;

import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.LayerNorm;
import dev.fedlora.lora.tensor.Panel;
import dev.fedlora.lora.tensor.RowKernels;
import java.util.List;
import java.util.stream.Stream;

/**
 * One block of BERT: attention, add, LayerNorm, feed-forward with exact GELU, add, LayerNorm.
 *
 * <pre>
 * attended = norm(input + attn_output(attention(attn_q(input), attn_k(input), attn_v(input))))
 * output   = norm(attended + ffn_down(gelu(ffn_up(attended))))
 * </pre>
 *
 * <p>Immutable and thread-safe.
 */
final class BertBlock {
    /** The places of the linear layers in {@link BertModel#linearLayers()}. */
    static final int Q = 0;

    static final int K = 1;
    static final int V = 2;
    static final int OUTPUT = 3;
    static final int UP = 4;
    static final int DOWN = 5;
    static final int LINEAR_LAYERS = 6;

    private final int number;
    private final BertShape shape;
    private final LinearGroup attentionInput;
    private final LinearGroup attentionOutput;
    private final LinearGroup up;
    private final LinearGroup down;
    private final LayerNorm attentionNorm;
    private final LayerNorm outputNorm;

    BertBlock(int number, BertShape shape, List<FrozenLinear> linear, LayerNorm attentionNorm, LayerNorm outputNorm) {
        this.number = number;
        this.shape = shape;
        this.attentionInput = new LinearGroup(linear.subList(Q, V + 1));
        this.attentionOutput = new LinearGroup(linear.subList(OUTPUT, OUTPUT + 1));
        this.up = new LinearGroup(linear.subList(UP, UP + 1));
        this.down = new LinearGroup(linear.subList(DOWN, DOWN + 1));
        this.attentionNorm = attentionNorm;
        this.outputNorm = outputNorm;
    }

    /** Returns the frozen weights. */
    Stream<QuantizedMatrix> weights() {
        return Stream.of(attentionInput, attentionOutput, up, down).flatMap(LinearGroup::weights);
    }

    /** output (R × D) of {@code at.input} (R × D); {@code activated} is scratch of R × F. */
    void forward(PassState pass, BlockActivations at, float[] activated, float[] output) {
        int rows = pass.rows();
        int values = rows * shape.width();
        attentionInput.forward(pass, at.input, List.of(at.q, at.k, at.v), at.hiddens, false);
        pass.products.attention(pass.attention(), at.operands(shape), wide(at.context));
        System.arraycopy(at.input, 0, at.attentionSum, 0, values);
        attentionOutput.forward(pass, at.context, List.of(at.attentionSum), at.hiddens, true);
        RowKernels.layerNorm(attentionNorm, wide(at.attentionSum), rows, wide(at.attended));

        up.forward(pass, at.attended, List.of(at.up), at.hiddens, false);
        RowKernels.gelu(inner(at.up), rows, shape.feedForward(), inner(activated));
        System.arraycopy(at.attended, 0, at.outputSum, 0, values);
        down.forward(pass, activated, List.of(at.outputSum), at.hiddens, true);
        RowKernels.layerNorm(outputNorm, wide(at.outputSum), rows, wide(output));
    }

    /**
     * Turns the gradient of the output into that of the input, in place, and adds the gradients of the adapted layers.
     *
     * @param gradient R × D; what it holds afterwards means nothing when this is the lowest adapted block
     */
    void backward(PassState pass, BlockActivations at, BertScratch scratch, float[] gradient) {
        boolean inputWanted = pass.adapters().lowestBlock() < number;
        boolean attentionWanted = inputWanted || attentionInput.isAdapted(pass) || attentionOutput.isAdapted(pass);
        feedForwardBackward(pass, at, scratch, gradient, attentionWanted);
        if (attentionWanted) {
            attentionBackward(pass, at, scratch, gradient, inputWanted);
        }
    }

    private void feedForwardBackward(
            PassState pass, BlockActivations at, BertScratch scratch, float[] gradient, boolean inputWanted) {
        int rows = pass.rows();
        boolean upWanted = inputWanted || up.isAdapted(pass);
        RowKernels.layerNormBackward(outputNorm, wide(at.outputSum), rows, wide(gradient));
        if (down.isAdapted(pass)) {
            RowKernels.gelu(
                    inner(at.up),
                    rows,
                    shape.feedForward(),
                    inner(scratch.activated)); // cheaper to compute again than to keep
        }
        InputGradient activated = InputGradient.into(scratch.inner).onlyIf(upWanted);
        down.backward(pass, scratch.activated, List.of(gradient), activated, at.hiddens);
        if (upWanted) {
            RowKernels.geluBackward(inner(at.up), rows, shape.feedForward(), inner(scratch.inner));
            // attended feeds both the sum, whose gradient stands in gradient already, and ffn_up
            InputGradient attended = InputGradient.addedTo(gradient).onlyIf(inputWanted);
            up.backward(pass, at.attended, List.of(scratch.inner), attended, at.hiddens);
        }
    }

    private void attentionBackward(
            PassState pass, BlockActivations at, BertScratch scratch, float[] gradient, boolean inputWanted) {
        RowKernels.layerNormBackward(attentionNorm, wide(at.attentionSum), pass.rows(), wide(gradient));
        boolean mixWanted = inputWanted || attentionInput.isAdapted(pass);
        InputGradient context = InputGradient.into(scratch.context).onlyIf(mixWanted);
        attentionOutput.backward(pass, at.context, List.of(gradient), context, at.hiddens);
        if (!mixWanted) {
            return;
        }
        pass.products.attentionBackward(
                pass.attention(), at.operands(shape), wide(scratch.context), scratch.gradients(shape));
        InputGradient input = InputGradient.addedTo(gradient).onlyIf(inputWanted);
        attentionInput.backward(pass, at.input, List.of(scratch.q, scratch.k, scratch.v), input, at.hiddens);
    }

    private Panel wide(float[] values) {
        return Panel.of(values, shape.width());
    }

    private Panel inner(float[] values) {
        return Panel.of(values, shape.feedForward());
    }
}
