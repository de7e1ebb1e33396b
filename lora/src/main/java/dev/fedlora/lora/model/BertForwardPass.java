package dev.fedlora.lora.model;

import dev.fedlora.lora.tensor.MatrixProducts;
import org.jspecify.annotations.Nullable;

/**
 * One thread's passes through a {@link BertModel}. Blocks that backward reaches keep their activations; the others share
 * two sets in turn (a block writes its output into the next one's input).
 */
final class BertForwardPass implements ForwardPass {
    private final BertModel model;
    private final PassState pass;
    private final BertScratch scratch = new BertScratch();
    private final BlockActivations[] kept;
    private final BlockActivations[] passing = {
        new BlockActivations(BertBlock.LINEAR_LAYERS), new BlockActivations(BertBlock.LINEAR_LAYERS)
    };
    private float[] hidden = new float[0];
    private float[] gradient = new float[0];
    private boolean readyForBackward;

    BertForwardPass(BertModel model, MatrixProducts products) {
        this.model = model;
        this.pass = new PassState(products);
        this.kept = new BlockActivations[model.blocks()];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = new BlockActivations(BertBlock.LINEAR_LAYERS);
        }
    }

    @Override
    public BaseModel model() {
        return model;
    }

    @Override
    public float[] forward(TokenBatch batch, @Nullable BoundAdapter adapter, boolean forBackward) {
        batch.requireFits(model.vocabulary(), model.contextLimit());
        readyForBackward = false;
        BertShape shape = model.shape();
        int keepFrom = forBackward && adapter != null ? adapter.lowestBlock() : model.blocks();
        pass.startForward(batch, adapter);
        scratch.reserve(batch, shape, forBackward);
        hidden = PassState.grown(hidden, batch.rows() * shape.width());
        BlockActivations at = activations(0, keepFrom);
        at.reserve(batch, shape);
        model.embeddings().forward(batch, at.input);
        for (int block = 0; block < model.blocks(); block++) {
            boolean last = block == model.blocks() - 1;
            BlockActivations next = last ? at : activations(block + 1, keepFrom);
            next.reserve(batch, shape);
            model.block(block).forward(pass, at, scratch.activated, last ? hidden : next.input);
            at = next;
        }
        readyForBackward = forBackward;
        return hidden;
    }

    private BlockActivations activations(int block, int keepFrom) {
        return block >= keepFrom ? kept[block] : passing[block % 2];
    }

    @Override
    public void backward(float[] hiddenGradient, Segments segments, AdapterGradients gradients) {
        BoundAdapter adapter = pass.requireBackward(readyForBackward, segments, gradients);
        int wide = pass.rows() * model.width();
        gradient = PassState.grown(gradient, wide);
        System.arraycopy(hiddenGradient, 0, gradient, 0, wide);
        pass.startBackward(segments, gradients);
        for (int block = model.blocks() - 1; block >= adapter.lowestBlock(); block--) {
            model.block(block).backward(pass, kept[block], scratch, gradient);
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

    @Override
    public void close() {
        pass.products.close();
    }
}
