package dev.fedlora.lora.train;

import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.model.AdapterGradients;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.LabelledBatch;
import dev.fedlora.lora.model.Segments;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;

/** The gradient of a batch's mean loss, shard by shard. Keeps its arrays from step to step. */
final class BatchGradient {
    private final WorkerPool pool;
    private final BoundAdapter adapter;
    private final float[] sum;
    private final List<AdapterGradients> shards = new ArrayList<>();

    BatchGradient(WorkerPool pool, BoundAdapter adapter) {
        this.pool = pool;
        this.adapter = adapter;
        this.sum = new float[adapter.parameterCount()];
    }

    /** Returns P values: the gradient last computed. */
    float[] values() {
        return sum;
    }

    /**
     * Computes the gradient and scales it down to the norm {@code clip} where it is longer.
     *
     * @return the mean loss
     * @throws DivergedException when loss or gradient is not finite
     */
    double compute(int step, List<EncodedExample> batch, double clip) throws InterruptedException {
        float weight = 1f / batch.size();
        List<WorkerPool.Task<Double>> tasks = new ArrayList<>();
        for (List<EncodedExample> shard : Shards.cut(batch, Shards::rows)) {
            AdapterGradients into = shard(tasks.size());
            tasks.add((classifier, stop) -> {
                if (stop.get()) {
                    throw new CancellationException();
                }
                into.reset(1);
                LabelledBatch labelled = Shards.batch(shard, weight);
                return classifier.addGradient(labelled, adapter, Segments.whole(labelled.tokens()), into);
            });
        }
        double loss = 0;
        for (double part : pool.run(tasks)) {
            loss += part;
        }
        addShards(tasks.size());
        finish(step, loss, clip);
        return loss;
    }

    private AdapterGradients shard(int number) {
        if (number == shards.size()) {
            shards.add(new AdapterGradients(sum.length));
        }
        return shards.get(number);
    }

    private void addShards(int count) {
        Arrays.fill(sum, 0);
        for (int s = 0; s < count; s++) {
            float[] part = shards.get(s).values(0);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += part[i];
            }
        }
    }

    private void finish(int step, double loss, double clip) {
        double square = 0;
        for (float value : sum) {
            square += (double) value * value;
        }
        double norm = Math.sqrt(square);
        if (!Double.isFinite(loss)) {
            throw new DivergedException(step, "the loss", loss);
        }
        if (!Double.isFinite(norm)) {
            throw new DivergedException(step, "the norm of the gradient", norm);
        }
        if (norm > clip) {
            float factor = (float) (clip / norm);
            for (int i = 0; i < sum.length; i++) {
                sum[i] *= factor;
            }
        }
    }
}
