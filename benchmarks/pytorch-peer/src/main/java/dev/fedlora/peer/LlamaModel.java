package dev.fedlora.peer;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** A Llama with random frozen weights and a LoRA adapter on every block's q, k, v and o. */
final class LlamaModel {
    private final Tensor embedding;
    private final List<LlamaBlock> blocks = new ArrayList<>();
    private final RmsNorm finalNorm;
    private final Tensor output;
    private final RotaryEmbedding rotary;

    /** For texts of that many tokens. */
    LlamaModel(ModelShape shape, RandomWeights weights, int tokens) {
        embedding = weights.matrix(shape.vocabulary(), shape.width());
        for (int i = 0; i < shape.blocks(); i++) {
            blocks.add(new LlamaBlock(shape, weights));
        }
        finalNorm = new RmsNorm(weights.norm(shape.width()));
        output = shape.isTied() ? embedding : weights.matrix(shape.vocabulary(), shape.width());
        rotary = new RotaryEmbedding(tokens, shape.headWidth(), weights.type());
    }

    /** What an optimizer is to change. */
    TensorVector trained() {
        TensorVector parameters = new TensorVector();
        blocks.forEach(block -> block.addTrained(parameters));
        return parameters;
    }

    /** From token numbers, B × T, to logits, B·T × V, in the base's type. */
    Tensor logits(Tensor tokens) {
        PointerScope scope = PointerScope.getInnerScope();
        int batch = (int) tokens.size(0);
        Tensor x = torch.embedding(embedding, tokens.reshape(-1));
        for (LlamaBlock block : blocks) {
            Tensor before = x;
            x = Scopes.tensor(() -> block.forward(before, rotary, batch));
            scope.detach(before);
        }
        return torch.linear(finalNorm.apply(x), output);
    }
}
