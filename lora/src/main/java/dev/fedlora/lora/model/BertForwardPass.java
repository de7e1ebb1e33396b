package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.MatrixProducts;

/**
 * One thread's passes through a {@link BertModel}. Blocks that backward reaches keep their inputs and, where the policy
 * says so, their activations; the others share one set, and two inputs in turn.
 */
final class BertForwardPass implements ForwardPass {
    private final BertModel model;
    private final ActivationPolicy policy;
    private final PassState pass;
    private final DecoderShape.Heads heads;
    private final BertScratch scratch = new BertScratch();
    private final BlockActivations shared = new BlockActivations();
    private final BlockActivations[] kept;
    private final float[][] inputs;
    private final float[][] passing = new float[2][0];
    private float[] hidden = new float[0];
    private float[] gradient = new float[0];
    private boolean readyForBackward;

    BertForwardPass(BertModel model, MatrixProducts products, ActivationPolicy policy) {
        this.model = model;
        this.policy = policy;
        this.pass = new PassState(products);
        BertShape shape = model.shape();
        this.heads = new DecoderShape.Heads(shape.heads(), shape.heads(), shape.headWidth());
        this.inputs = new float[model.blocks()][0];
        this.kept = new BlockActivations[policy == ActivationPolicy.KEEP ? model.blocks() : 0];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = new BlockActivations();
        }
    }

    @Override
    public BaseModel model() {
        return model;
    }

    @Override
    public float[] forward(AdapterRuns adapters, boolean forBackward) {
        TokenBatch batch = adapters.batch();
        batch.requireFits(model.vocabulary(), model.contextLimit());
        readyForBackward = false;
        BertShape shape = model.shape();
        int rows = batch.rows();
        int keepFrom = forBackward ? Math.min(adapters.lowestBlock(), model.blocks()) : model.blocks();
        pass.startForward(adapters);
        pass.startAttention(heads, false, 0);
        scratch.reserve(rows, shape, keepFrom < model.blocks());
        hidden = DecoderActivations.exactly(hidden, rows * shape.width());
        float[] input = input(0, keepFrom, rows);
        model.embeddings().forward(batch, input);
        for (int block = 0; block < model.blocks(); block++) {
            BlockActivations at = block >= keepFrom ? activations(block) : shared;
            at.reserve(rows, shape);
            at.input = input;
            float[] output = block == model.blocks() - 1 ? hidden : input(block + 1, keepFrom, rows);
            model.block(block).forward(pass, at, scratch.activated, output);
            input = output;
        }
        readyForBackward = forBackward;
        return hidden;
    }

    private BlockActivations activations(int block) {
        return policy == ActivationPolicy.KEEP ? kept[block] : shared;
    }

    private float[] input(int block, int keepFrom, int rows) {
        float[][] among = block >= keepFrom ? inputs : passing;
        int index = block >= keepFrom ? block : block % 2;
        among[index] = DecoderActivations.exactly(among[index], rows * model.width());
        return among[index];
    }

    @Override
    public void backward(float[] hiddenGradient, Segments segments, AdapterGradients gradients) {
        pass.startBackward(readyForBackward, segments, gradients);
        int wide = pass.rows() * model.width();
        gradient = DecoderActivations.exactly(gradient, wide);
        System.arraycopy(hiddenGradient, 0, gradient, 0, wide);
        for (int block = model.blocks() - 1; block >= pass.adapters().lowestBlock(); block--) {
            BlockActivations at = activations(block);
            if (policy == ActivationPolicy.RECOMPUTE) {
                at.input = inputs[block];
                model.block(block).forward(pass, at, scratch.activated, scratch.output);
            }
            model.block(block).backward(pass, at, scratch, gradient);
        }
    }

    @Override
    public void setDropout(Dropout dropout) {
        pass.setDropout(dropout);
    }

    @Override
    public MatrixProducts products() {
        return pass.products;
    }

    /** Returns the bytes that a pass of {@code rows} rows over every block takes on the heap, products not counted. */
    static long bytes(BertShape shape, int rows, int rank, ActivationPolicy policy) {
        long block = BlockActivations.valuesPerRow(shape) + (long) BertBlock.LINEAR_LAYERS * rank;
        long sets = policy == ActivationPolicy.KEEP ? shape.blocks() : 1;
        long inputs = (long) shape.blocks() * shape.width();
        long once = BertScratch.valuesPerRow(shape) + 2L * shape.width();
        return Float.BYTES * rows * (once + inputs + sets * block);
    }

    @Override
    public long allocatedBytes() {
        long values = scratch.size() + shared.size() + hidden.length + gradient.length + pass.size();
        for (BlockActivations each : kept) {
            values += each.size();
        }
        for (float[] each : inputs) {
            values += each.length;
        }
        return Float.BYTES * (values + passing[0].length + passing[1].length);
    }

    @Override
    public void close() {
        pass.products.close();
    }
}
