package dev.fedlora.lora.model;

import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.Panel;
import dev.fedlora.lora.tensor.RmsNorm;
import dev.fedlora.lora.tensor.Rotation;
import dev.fedlora.lora.tensor.RowKernels;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One block of a decoder: two halves, each of which reads the normed residual stream and adds to it.
 *
 * <pre>
 * n = norm(x)     q, k = turn(norm_h(W_q n)), turn(norm_h(W_k n))     v = W_v n      norm_h in Qwen 3 alone
 * x = x + W_o norm_s(attention(q, k, v))                                             norm_s in BitNet alone
 * n = norm(x)     x = x + W_down norm_s(silu(W_gate n) ∘ W_up n)
 * </pre>
 *
 * <p>Immutable and thread-safe.
 */
final class DecoderBlock {
    private final int number;
    private final DecoderShape shape;
    private final Norms norms;
    private final LinearGroup attentionInput;
    private final LinearGroup attentionOutput;
    private final LinearGroup gates;
    private final LinearGroup down;

    /** The block's norms; those that only some architectures have may be null. */
    record Norms(
            RmsNorm attention,
            RmsNorm feedForward,
            @Nullable RmsNorm query,
            @Nullable RmsNorm key,
            @Nullable RmsNorm context,
            @Nullable RmsNorm activated) {}

    /** @param linear in the order of {@link DecoderModel#linearLayers()} */
    DecoderBlock(int number, DecoderShape shape, Norms norms, List<FrozenLinear> linear) {
        this.number = number;
        this.shape = shape;
        this.norms = norms;
        this.attentionInput = new LinearGroup(linear.subList(DecoderModel.Q, DecoderModel.V + 1));
        this.attentionOutput = new LinearGroup(linear.subList(DecoderModel.OUTPUT, DecoderModel.OUTPUT + 1));
        this.gates = new LinearGroup(linear.subList(DecoderModel.GATE, DecoderModel.UP + 1));
        this.down = new LinearGroup(linear.subList(DecoderModel.DOWN, DecoderModel.DOWN + 1));
    }

    /** Returns the frozen weights. */
    Stream<QuantizedMatrix> weights() {
        return Stream.of(attentionInput, attentionOutput, gates, down).flatMap(LinearGroup::weights);
    }

    /**
     * Runs the block over the residual stream (R × D), in place.
     *
     * @param forBackward whether the inputs of both halves are kept
     */
    void forward(Pass on, DecoderActivations at, float[] stream, boolean forBackward) {
        int values = on.state.rows() * shape.width();
        if (forBackward) {
            System.arraycopy(stream, 0, at.input, 0, values);
        }
        attend(on, at, stream);
        if (forBackward) {
            System.arraycopy(stream, 0, at.attended, 0, values);
        }
        gate(on, at, stream);
        activate(on.state, at, on.scratch.activated);
        normIfAny(norms.activated, on.scratch.activated, on.state.rows(), on.scratch.activated);
        down.forward(on.state, on.scratch.activated, List.of(stream), at.downHidden, true);
    }

    /** Computes again what {@link #forward} kept, but for the input and what the factors of the last layer read: {@code at} holds them. */
    void recompute(Pass on, DecoderActivations at) {
        System.arraycopy(at.input, 0, at.attended, 0, on.state.rows() * shape.width());
        attend(on, at, at.attended);
        gate(on, at, at.attended);
    }

    /** stream += attention half. */
    private void attend(Pass on, DecoderActivations at, float[] stream) {
        PassState pass = on.state;
        int rows = pass.rows();
        float[] normed = on.scratch.normed;
        RowKernels.rmsNorm(norms.attention, wide(stream), rows, wide(normed));
        attentionInput.forward(pass, normed, List.of(at.q, at.k, at.v), at.hiddens, false);
        normHeads(norms.query, at.q, at.rawQ, rows * shape.heads().count());
        normHeads(norms.key, at.k, at.rawK, rows * shape.heads().keyCount());
        RowKernels.rotate(
                on.rotation,
                pass.positions(),
                queries(at.q),
                rows,
                shape.heads().count());
        RowKernels.rotate(
                on.rotation, pass.positions(), keys(at.k), rows, shape.heads().keyCount());
        on.attention.mix(number, pass, at);
        attentionOutput.forward(pass, mixed(on, at), List.of(stream), at.hiddens, true);
    }

    private void normHeads(@Nullable RmsNorm norm, float[] values, float[] raw, int heads) {
        if (norm != null) {
            int width = shape.heads().width();
            System.arraycopy(values, 0, raw, 0, heads * width);
            RowKernels.rmsNorm(norm, Panel.of(raw, width), heads, Panel.of(values, width));
        }
    }

    /** Returns what the output layer reads. */
    private float[] mixed(Pass on, DecoderActivations at) {
        if (norms.context == null) {
            return at.context;
        }
        RowKernels.rmsNorm(norms.context, queries(at.context), on.state.rows(), queries(on.scratch.mixed));
        return on.scratch.mixed;
    }

    private void gate(Pass on, DecoderActivations at, float[] stream) {
        RowKernels.rmsNorm(norms.feedForward, wide(stream), on.state.rows(), wide(on.scratch.normed));
        gates.forward(on.state, on.scratch.normed, List.of(at.gate, at.up), at.hiddens, false);
    }

    private void activate(PassState pass, DecoderActivations at, float[] activated) {
        int columns = shape.feedForward();
        RowKernels.swiGlu(inner(at.gate), inner(at.up), pass.rows(), columns, inner(activated));
    }

    private static void normIfAny(@Nullable RmsNorm norm, float[] x, int rows, float[] y) {
        if (norm != null) {
            RowKernels.rmsNorm(norm, Panel.of(x, norm.columns()), rows, Panel.of(y, norm.columns()));
        }
    }

    /**
     * Turns the gradient of the block's output into that of its input, in place, and adds the gradients of the adapted
     * layers.
     *
     * @param gradient R × D; what it holds afterwards means nothing when this is the lowest adapted block
     */
    void backward(Pass on, DecoderActivations at, float[] gradient) {
        boolean inputWanted = on.state.adapters().lowestBlock() < number;
        boolean attentionWanted =
                inputWanted || attentionInput.isAdapted(on.state) || attentionOutput.isAdapted(on.state);
        feedForwardBackward(on, at, gradient, attentionWanted);
        if (attentionWanted) {
            attentionBackward(on, at, gradient, inputWanted);
        }
    }

    private void feedForwardBackward(Pass on, DecoderActivations at, float[] gradient, boolean inputWanted) {
        PassState pass = on.state;
        DecoderScratch scratch = on.scratch;
        int rows = pass.rows();
        boolean gatesWanted = inputWanted || gates.isAdapted(pass);
        float[] read = scratch.activated;
        if (down.isAdapted(pass)) {
            activate(pass, at, scratch.activated);
            normIfAny(norms.activated, scratch.activated, rows, scratch.activated);
        }
        InputGradient activated = InputGradient.into(scratch.inner).onlyIf(gatesWanted);
        down.backward(pass, read, List.of(gradient), activated, at.downHidden);
        if (!gatesWanted) {
            return;
        }
        if (norms.activated != null) {
            activate(pass, at, scratch.activated);
            RowKernels.rmsNormBackward(norms.activated, inner(scratch.activated), rows, inner(scratch.inner));
        }
        RowKernels.swiGluBackward(inner(at.gate), inner(at.up), rows, shape.feedForward(), inner(scratch.inner));
        if (gates.isAdapted(pass)) {
            RowKernels.rmsNorm(norms.feedForward, wide(at.attended), rows, wide(scratch.normed));
        }
        InputGradient normed = InputGradient.into(scratch.normedGradient).onlyIf(inputWanted);
        gates.backward(pass, scratch.normed, List.of(at.gate, at.up), normed, at.hiddens);
        if (inputWanted) {
            RowKernels.addRmsNormBackward(
                    norms.feedForward, wide(at.attended), rows, wide(scratch.normedGradient), wide(gradient));
        }
    }

    private void attentionBackward(Pass on, DecoderActivations at, float[] gradient, boolean inputWanted) {
        PassState pass = on.state;
        DecoderScratch scratch = on.scratch;
        int rows = pass.rows();
        boolean mixWanted = inputWanted || attentionInput.isAdapted(pass);
        float[] read = attentionOutput.isAdapted(pass) ? mixed(on, at) : at.context;
        InputGradient context = InputGradient.into(scratch.context).onlyIf(mixWanted);
        attentionOutput.backward(pass, read, List.of(gradient), context, at.hiddens);
        if (!mixWanted) {
            return;
        }
        if (norms.context != null) {
            RowKernels.rmsNormBackward(norms.context, queries(at.context), rows, queries(scratch.context));
        }
        pass.products.attentionBackward(
                pass.attention(), at.operands(shape), queries(scratch.context), scratch.gradients(shape));
        turnBack(on, at);
        if (attentionInput.isAdapted(pass)) {
            RowKernels.rmsNorm(norms.attention, wide(at.input), rows, wide(scratch.normed));
        }
        InputGradient normed = InputGradient.into(scratch.normedGradient).onlyIf(inputWanted);
        attentionInput.backward(pass, scratch.normed, List.of(scratch.q, scratch.k, scratch.v), normed, at.hiddens);
        if (inputWanted) {
            RowKernels.addRmsNormBackward(
                    norms.attention, wide(at.input), rows, wide(scratch.normedGradient), wide(gradient));
        }
    }

    /** The gradients of queries and keys, before rotary positions and norms. */
    private void turnBack(Pass on, DecoderActivations at) {
        int rows = on.state.rows();
        DecoderShape.Heads heads = shape.heads();
        DecoderScratch scratch = on.scratch;
        RowKernels.rotateBackward(on.rotation, on.state.positions(), queries(scratch.q), rows, heads.count());
        RowKernels.rotateBackward(on.rotation, on.state.positions(), keys(scratch.k), rows, heads.keyCount());
        int width = heads.width();
        if (norms.query != null) {
            RowKernels.rmsNormBackward(
                    norms.query, Panel.of(at.rawQ, width), rows * heads.count(), Panel.of(scratch.q, width));
        }
        if (norms.key != null) {
            RowKernels.rmsNormBackward(
                    norms.key, Panel.of(at.rawK, width), rows * heads.keyCount(), Panel.of(scratch.k, width));
        }
    }

    private Panel wide(float[] values) {
        return Panel.of(values, shape.width());
    }

    private Panel queries(float[] values) {
        return Panel.of(values, shape.queryWidth());
    }

    private Panel keys(float[] values) {
        return Panel.of(values, shape.keyWidth());
    }

    private Panel inner(float[] values) {
        return Panel.of(values, shape.feedForward());
    }

    /** What a block works with, the same for all blocks. */
    record Pass(PassState state, DecoderScratch scratch, BlockAttention attention, Rotation rotation) {}
}
