package dev.fedlora.lora.train;

import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.AdapterGradients;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.Dropout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * The gradient of a batch's mean loss, shard by shard: the mean over its examples, or over all tokens of the batch that are
 * to be predicted. Keeps its arrays from step to step.
 */
final class BatchGradient {
    private final WorkerPool pool;
    private final BoundAdapter adapter;
    private final OrderedSum sum;

    BatchGradient(WorkerPool pool, BoundAdapter adapter) {
        this.pool = pool;
        this.adapter = adapter;
        this.sum = new OrderedSum(adapter.parameterCount());
    }

    /** Returns P values: the gradient last computed. */
    float[] values() {
        return sum.values();
    }

    /**
     * Computes the gradient and scales it down to the norm {@code clip} where it is longer.
     *
     * @param step counted from 1
     * @param dropout of the step's first example
     * @return the mean loss
     * @throws DivergedException when loss or gradient is not finite
     */
    double compute(int step, List<TrainingExample> batch, Dropout dropout, double clip) throws InterruptedException {
        float weight = 1f / Member.losses(batch);
        List<WorkerPool.Task<Double>> tasks = new ArrayList<>();
        sum.reset();
        int first = 0;
        for (List<TrainingExample> shard : Shards.cut(batch, Member::rows, pool.mostRows())) {
            int number = tasks.size();
            Dropout from = new Dropout(dropout.rate(), dropout.seed(), dropout.firstSequence() + first);
            List<Member> members = shard.stream()
                    .map(example -> new Member(example, 0, weight))
                    .toList();
            tasks.add((worker, stop) -> {
                if (stop.get()) {
                    throw new CancellationException();
                }
                AdapterGradients into = sum.take();
                double loss = worker.addGradient(members, from, adapter, into);
                sum.add(number, into);
                return loss;
            });
            first += shard.size();
        }
        double loss = 0;
        for (double part : pool.run(tasks)) {
            loss += part;
        }
        finish(step, loss, clip);
        return loss;
    }

    private void finish(int step, double loss, double clip) {
        float[] values = sum.values();
        double square = 0;
        for (float value : values) {
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
            for (int i = 0; i < values.length; i++) {
                values[i] *= factor;
            }
        }
    }
}
