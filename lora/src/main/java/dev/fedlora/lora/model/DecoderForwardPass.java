package dev.fedlora.lora.model;

import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.tensor.MatrixProducts;
import dev.fedlora.lora.tensor.Panel;
import dev.fedlora.lora.tensor.RowKernels;

/**
 * One thread's passes through a {@link DecoderModel}. The residual stream is one array that every block adds to; a block
 * that backward reaches keeps what its policy says, the others share one set of activations.
 */
final class DecoderForwardPass implements ForwardPass {
    private final DecoderModel model;
    private final ActivationPolicy policy;
    private final PassState pass;
    private final DecoderScratch scratch = new DecoderScratch();
    private final DecoderActivations passing = new DecoderActivations();
    private final DecoderActivations[] kept; // KEEP: of every block
    private final float[][] inputs; // RECOMPUTE: of every block
    private final LoraHiddens[] downHiddens; // RECOMPUTE: of every block
    private final float[] embedding;
    private float[] stream = new float[0];
    private float[] hidden = new float[0];
    private float[] gradient = new float[0];
    private boolean readyForBackward;

    DecoderForwardPass(DecoderModel model, MatrixProducts products, ActivationPolicy policy) {
        this.model = model;
        this.policy = policy;
        this.pass = new PassState(products);
        this.embedding = new float[model.width()];
        int count = model.blocks();
        boolean keeps = policy == ActivationPolicy.KEEP;
        this.kept = new DecoderActivations[keeps ? count : 0];
        this.inputs = new float[keeps ? 0 : count][0];
        this.downHiddens = new LoraHiddens[keeps ? 0 : count];
        for (int block = 0; block < count; block++) {
            if (keeps) {
                kept[block] = new DecoderActivations();
            } else {
                downHiddens[block] = new LoraHiddens(DecoderModel.LINEAR_LAYERS);
            }
        }
    }

    @Override
    public BaseModel model() {
        return model;
    }

    @Override
    public void setDropout(Dropout dropout) {
        pass.setDropout(dropout);
    }

    @Override
    public float[] forward(AdapterRuns adapters, boolean forBackward) {
        adapters.batch().requireFits(model.vocabulary(), model.contextLimit());
        return forward(adapters, forBackward, new Place(0, BlockAttention.withinBatch(model.shape())));
    }

    /** Where a batch goes on: after how many positions, and what its rows look at. */
    record Place(int firstPosition, BlockAttention attention) {}

    float[] forward(AdapterRuns adapters, boolean forBackward, Place place) {
        readyForBackward = false;
        int rows = adapters.batch().rows();
        requireAddressable(rows);
        int keepFrom = forBackward ? Math.min(adapters.lowestBlock(), model.blocks()) : model.blocks();
        pass.startForward(adapters);
        pass.startAttention(model.shape().heads(), true, place.firstPosition);
        scratch.reserve(rows, model.shape(), model.family().hasSubNorms(), keepFrom < model.blocks());
        stream = DecoderActivations.exactly(stream, rows * model.width());
        hidden = DecoderActivations.exactly(hidden, rows * model.width());
        embed(adapters.batch());
        DecoderBlock.Pass on = on(place.firstPosition, place.attention);
        for (int block = 0; block < model.blocks(); block++) {
            boolean keep = block >= keepFrom;
            DecoderActivations at = activations(block, keep);
            at.reserve(rows, model.shape(), model.family().hasHeadNorms(), keep);
            if (keep && policy == ActivationPolicy.RECOMPUTE) {
                inputs[block] = at.input;
            }
            model.block(block).forward(on, at, stream, keep);
        }
        RowKernels.rmsNorm(model.ends().outputNorm(), wide(stream), rows, wide(hidden));
        readyForBackward = forBackward;
        return hidden;
    }

    private DecoderBlock.Pass on(int firstPosition, BlockAttention attention) {
        return new DecoderBlock.Pass(
                pass,
                scratch,
                attention,
                model.rotary().covering(firstPosition + pass.batch().longest()));
    }

    /** Returns the activations that a block works in; when they are shared, with what is the block's own put in. */
    private DecoderActivations activations(int block, boolean keep) {
        if (!keep) {
            return passing;
        }
        if (policy == ActivationPolicy.KEEP) {
            return kept[block];
        }
        passing.input = inputs[block];
        passing.downHidden = downHiddens[block];
        return passing;
    }

    private void embed(TokenBatch batch) {
        int width = model.width();
        for (int row = 0; row < batch.rows(); row++) {
            Dequantizer.rows(model.ends().tokens(), batch.token(row), 1, embedding);
            System.arraycopy(embedding, 0, stream, row * width, width);
        }
    }

    private void requireAddressable(int rows) {
        DecoderShape shape = model.shape();
        int widest = Math.max(shape.width(), Math.max(shape.queryWidth(), shape.feedForward()));
        if ((long) rows * widest > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "a batch of %d tokens is too long for a model that is %d wide, at most %d"
                            .formatted(rows, widest, Integer.MAX_VALUE / widest));
        }
    }

    @Override
    public void backward(float[] hiddenGradient, Segments segments, AdapterGradients gradients) {
        pass.startBackward(readyForBackward, segments, gradients);
        readyForBackward = false; // the way back overwrites activations
        int rows = pass.rows();
        gradient = DecoderActivations.exactly(gradient, rows * model.width());
        System.arraycopy(hiddenGradient, 0, gradient, 0, rows * model.width());
        RowKernels.rmsNormBackward(model.ends().outputNorm(), wide(stream), rows, wide(gradient));
        DecoderBlock.Pass on = on(0, BlockAttention.withinBatch(model.shape()));
        for (int block = model.blocks() - 1; block >= pass.adapters().lowestBlock(); block--) {
            DecoderActivations at = activations(block, true);
            boolean stillThere = block == model.blocks() - 1; // the last block's activations are those it left
            if (policy == ActivationPolicy.RECOMPUTE && !stillThere) {
                model.block(block).recompute(on, at);
            }
            model.block(block).backward(on, at, gradient);
        }
    }

    private Panel wide(float[] values) {
        return Panel.of(values, model.width());
    }

    @Override
    public MatrixProducts products() {
        return pass.products;
    }

    /** Returns the bytes that a pass of {@code rows} rows over every block takes on the heap, products not counted. */
    static long bytes(DecoderModel model, int rows, int rank, ActivationPolicy policy) {
        DecoderShape shape = model.shape();
        boolean headNorms = model.family().hasHeadNorms();
        long hiddens = (DecoderModel.LINEAR_LAYERS - 1L) * rank;
        long block = DecoderActivations.valuesPerRow(shape, headNorms, true) + hiddens;
        long perBlock = policy == ActivationPolicy.KEEP ? block + rank : shape.width() + (long) rank;
        long once = DecoderScratch.valuesPerRow(shape, model.family().hasSubNorms(), true) + 3L * shape.width();
        if (policy == ActivationPolicy.RECOMPUTE) {
            once += block - shape.width();
        }
        return Float.BYTES * rows * (once + shape.blocks() * perBlock);
    }

    @Override
    public long allocatedBytes() {
        long values = scratch.size() + stream.length + hidden.length + gradient.length + pass.size();
        if (policy == ActivationPolicy.KEEP) {
            for (DecoderActivations each : kept) {
                values += each.size();
            }
            values += passing.size();
        } else {
            values += passing.size() - passing.input.length - passing.downHidden.size(); // those are the last block's
            for (int block = 0; block < inputs.length; block++) {
                values += inputs[block].length + downHiddens[block].size();
            }
        }
        return Float.BYTES * values;
    }

    @Override
    public void close() {
        pass.products.close();
    }
}
