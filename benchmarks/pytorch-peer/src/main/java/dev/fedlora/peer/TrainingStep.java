package dev.fedlora.peer;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** One step on one batch: forward, next-token loss over the whole vocabulary at every position, backward, AdamW. */
final class TrainingStep {
    /** High, so that a few steps move the loss by more than bf16 rounds it. */
    private static final double LEARNING_RATE = 3e-3;

    private static final long SEED = 1;
    private static final double NANOS = 1e9; // in a second

    private final LlamaModel model;
    private final AdamW optimizer;
    private final Tensor inputs;
    private final Tensor targets;

    /** Fills the model with random weights and the batch, which every step trains on, with random tokens. */
    TrainingStep(Job job) {
        torch.manual_seed(SEED);
        model = new LlamaModel(job.shape(), new RandomWeights(job.type().scalarType()), job.tokens());
        optimizer = new AdamW(model.trained(), new AdamWOptions(LEARNING_RATE));
        TensorOptions whole = new TensorOptions().dtype(new ScalarTypeOptional(ScalarType.Long));
        long[] sizes = {job.batch(), job.tokens() + 1L};
        Tensor texts = torch.randint(job.shape().vocabulary(), sizes, whole);
        inputs = texts.narrow(1, 0, job.tokens()).contiguous();
        targets = texts.narrow(1, 1, job.tokens()).reshape(-1);
    }

    /** Runs a job from its random weights to its last step. */
    static Measurement measure(Job job) {
        torch.set_num_threads(job.threads());
        return Scopes.within(() -> {
            TrainingStep step = new TrainingStep(job);
            List<Double> losses = new ArrayList<>();
            List<Double> seconds = new ArrayList<>();
            for (int i = 0; i < job.warmUpSteps(); i++) {
                losses.add(step.run());
            }
            long before = Host.processorNanos();
            for (int i = 0; i < job.steps(); i++) {
                long start = System.nanoTime();
                losses.add(step.run());
                seconds.add((System.nanoTime() - start) / NANOS);
            }
            double total = seconds.stream().mapToDouble(Double::doubleValue).sum();
            double processors = (Host.processorNanos() - before) / NANOS / total;
            return new Measurement(job, seconds, processors, losses);
        });
    }

    /** Trains once and returns the loss before it, in nats a token. */
    double run() {
        return Scopes.within(() -> {
            optimizer.zero_grad();
            Tensor loss = Scopes.tensor(this::loss);
            loss.backward();
            optimizer.step();
            return loss.item_double();
        });
    }

    private Tensor loss() {
        // in float, as autocast and the transformers library take the loss
        return torch.cross_entropy_loss(model.logits(inputs).to(ScalarType.Float), targets);
    }
}
