package dev.fedlora.lora.model;

import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.LayerNorm;
import dev.fedlora.lora.tensor.Panel;
import dev.fedlora.lora.tensor.RowKernels;
import java.util.List;

/**
 * What enters the first block: norm(token + position + type 0), a row each token. Only the rows that a batch asks for are
 * dequantized. Nothing here is trained, so there is no way back. Immutable and thread-safe.
 */
final class BertEmbeddings {
    private final QuantizedMatrix tokens;
    private final List<QuantizedMatrix> matrices;
    private final float[] positions; // context limit × D, with the type embedding added once
    private final LayerNorm norm;
    private final int width;

    BertEmbeddings(TensorSource tensors, BertShape shape, int types) {
        this.width = shape.width();
        this.tokens = tensors.matrix("token_embd.weight", shape.vocabulary(), width);
        QuantizedMatrix places = tensors.matrix("position_embd.weight", shape.contextLimit(), width);
        this.positions = Dequantizer.all(places);
        float[] type = new float[width];
        QuantizedMatrix kinds = tensors.matrix("token_types.weight", types, width);
        Dequantizer.rows(kinds, 0, 1, type);
        this.matrices = List.of(tokens, places, kinds);
        for (int i = 0; i < positions.length; i++) {
            positions[i] += type[i % width];
        }
        this.norm = new LayerNorm(
                tensors.vector("token_embd_norm.weight", width),
                tensors.vector("token_embd_norm.bias", width),
                shape.epsilon());
    }

    /** Returns the tables. */
    List<QuantizedMatrix> matrices() {
        return matrices;
    }

    /** output (R × D) of the batch. */
    void forward(TokenBatch batch, float[] output) {
        float[] row = new float[width];
        for (int s = 0; s < batch.sequences(); s++) {
            for (int t = 0; t < batch.length(s); t++) {
                int at = batch.start(s) + t;
                Dequantizer.rows(tokens, batch.token(at), 1, row);
                for (int i = 0; i < width; i++) {
                    output[at * width + i] = row[i] + positions[t * width + i];
                }
            }
        }
        RowKernels.layerNorm(norm, Panel.of(output, width), batch.rows(), Panel.of(output, width));
    }
}
