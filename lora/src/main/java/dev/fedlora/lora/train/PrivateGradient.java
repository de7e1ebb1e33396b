package dev.fedlora.lora.train;

import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.AdapterGradients;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.Dropout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The noised mean gradient of a Poisson batch of groups. Gradients of single groups exist a shard at a time, so memory does
 * not grow with the batch. The loss of a text is the mean over its tokens that are to be predicted, so that what one group
 * weighs does not depend on the others.
 *
 * <p>A gradient that is not finite counts as zero. To stop instead would show, outside the guarantee, that some group made it
 * so; with parameters chosen for that, whoever sent them would learn that the group is there.
 */
final class PrivateGradient {
    /** Accumulators of one shard: P floats each, so that a shard of very short texts stays small too. */
    private static final int MOST_GROUPS = 32;

    /** What the accumulators of one shard may take together, unless a single one takes more. */
    private static final long MOST_BYTES = 64 << 20;

    private final WorkerPool pool;
    private final BoundAdapter adapter;
    private final PrivateTrainingPlan plan;
    private final ClippedSum sum;
    private final float[] values;
    private final ConcurrentLinkedQueue<AdapterGradients> spare = new ConcurrentLinkedQueue<>();

    PrivateGradient(WorkerPool pool, BoundAdapter adapter, PrivateTrainingPlan plan) {
        this.pool = pool;
        this.adapter = adapter;
        this.plan = plan;
        this.values = new float[adapter.parameterCount()];
        this.sum = new ClippedSum(plan, values.length);
    }

    /** Returns how many groups' gradients of {@code parameters} values a shard holds at most. */
    static int mostGroups(int parameters) {
        return (int) Math.max(1, Math.min(MOST_GROUPS, MOST_BYTES / ((long) Float.BYTES * parameters)));
    }

    /** Returns P values: the gradient last computed. */
    float[] values() {
        return values;
    }

    /**
     * Computes the gradient; a batch of no groups gives noise alone. The noise is drawn by one of the workers.
     *
     * @param dropout of the step's first example
     * @return the mean loss over the batch's groups, NaN when there are none
     */
    double compute(List<List<TrainingExample>> batch, Dropout dropout, PrivateRandomness randomness)
            throws InterruptedException {
        sum.reset();
        List<WorkerPool.Task<Double>> tasks = new ArrayList<>();
        tasks.add((worker, stop) -> {
            sum.drawNoise(randomness);
            return 0.0;
        });
        int first = 0;
        for (List<List<TrainingExample>> shard : shards(batch)) {
            Dropout from = new Dropout(dropout.rate(), dropout.seed(), dropout.firstSequence() + first);
            tasks.add((worker, stop) -> addShard(new Run(worker, stop, from), shard));
            first += shard.stream().mapToInt(List::size).sum();
        }
        double loss = 0;
        for (double part : pool.run(tasks)) {
            loss += part;
        }
        sum.writeTo(values, plan.expectedBatchSize());
        return batch.isEmpty() ? Double.NaN : loss / batch.size();
    }

    private List<List<List<TrainingExample>>> shards(List<List<TrainingExample>> batch) {
        int most = mostGroups(values.length);
        List<List<List<TrainingExample>>> shards = new ArrayList<>();
        for (List<List<TrainingExample>> run : Shards.cut(batch, Groups::rows, pool.mostRows())) {
            for (int from = 0; from < run.size(); from += most) {
                shards.add(run.subList(from, Math.min(run.size(), from + most)));
            }
        }
        return shards;
    }

    private double addShard(Run run, List<List<TrainingExample>> shard) {
        AdapterGradients taken = spare.poll();
        AdapterGradients gradients = taken == null ? new AdapterGradients(values.length) : taken;
        gradients.reset(shard.size());
        List<Member> members = new ArrayList<>();
        for (int group = 0; group < shard.size(); group++) {
            int size = shard.get(group).size();
            for (TrainingExample example : shard.get(group)) {
                members.add(new Member(example, group, 1f / size / Member.losses(example)));
            }
        }
        double loss = 0;
        int first = 0;
        for (List<Member> part : Shards.microBatches(members, Member::rows, pool.mostRows())) {
            if (run.stop.get()) {
                throw new CancellationException();
            }
            Dropout from = new Dropout(run.dropout.rate(), run.dropout.seed(), run.dropout.firstSequence() + first);
            loss += run.worker.addGradient(part, from, adapter, gradients);
            first += part.size();
        }
        for (int group = 0; group < shard.size(); group++) {
            sum.add(gradients.values(group));
        }
        spare.add(gradients);
        return loss;
    }

    private record Run(Worker worker, AtomicBoolean stop, Dropout dropout) {}
}
