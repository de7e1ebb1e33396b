package dev.fedlora.lora.train;

import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.model.AdapterGradients;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.LabelledBatch;
import dev.fedlora.lora.model.Segments;
import dev.fedlora.lora.model.SequenceClassifier;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The noised mean gradient of a Poisson batch of groups. Gradients of single groups exist a shard at a time, so memory does
 * not grow with the batch.
 *
 * <p>A gradient that is not finite counts as zero. To stop instead would show, outside the guarantee, that some group made it
 * so; with parameters chosen for that, whoever sent them would learn that the group is there.
 */
final class PrivateGradient {
    /** Accumulators of one shard: P floats each, so that a shard of very short texts stays small too. */
    private static final int MOST_GROUPS = 32;

    private final WorkerPool pool;
    private final BoundAdapter adapter;
    private final PrivateTrainingPlan plan;
    private final float[] values;
    private final ConcurrentLinkedQueue<AdapterGradients> spare = new ConcurrentLinkedQueue<>();

    PrivateGradient(WorkerPool pool, BoundAdapter adapter, PrivateTrainingPlan plan) {
        this.pool = pool;
        this.adapter = adapter;
        this.plan = plan;
        this.values = new float[adapter.parameterCount()];
    }

    /** Returns P values: the gradient last computed. */
    float[] values() {
        return values;
    }

    /**
     * Computes the gradient; a batch of no groups gives noise alone.
     *
     * @return the mean loss over the batch's groups, NaN when there are none
     */
    double compute(List<List<EncodedExample>> batch, PrivateRandomness randomness) throws InterruptedException {
        ClippedSum sum = new ClippedSum(plan, values.length, randomness);
        List<WorkerPool.Task<Double>> tasks = new ArrayList<>();
        for (List<List<EncodedExample>> shard : shards(batch)) {
            tasks.add((classifier, stop) -> addShard(new Worker(classifier, stop), shard, sum));
        }
        double loss = 0;
        for (double part : pool.run(tasks)) {
            loss += part;
        }
        sum.writeTo(values, plan.expectedBatchSize());
        return batch.isEmpty() ? Double.NaN : loss / batch.size();
    }

    private static List<List<List<EncodedExample>>> shards(List<List<EncodedExample>> batch) {
        List<List<List<EncodedExample>>> shards = new ArrayList<>();
        for (List<List<EncodedExample>> run : Shards.cut(batch, Groups::rows)) {
            for (int from = 0; from < run.size(); from += MOST_GROUPS) {
                shards.add(run.subList(from, Math.min(run.size(), from + MOST_GROUPS)));
            }
        }
        return shards;
    }

    private double addShard(Worker worker, List<List<EncodedExample>> shard, ClippedSum sum) {
        AdapterGradients taken = spare.poll();
        AdapterGradients gradients = taken == null ? new AdapterGradients(values.length) : taken;
        gradients.reset(shard.size());
        List<Member> members = new ArrayList<>();
        for (int group = 0; group < shard.size(); group++) {
            for (EncodedExample example : shard.get(group)) {
                members.add(new Member(example, group, 1f / shard.get(group).size()));
            }
        }
        double loss = 0;
        for (List<Member> part : Shards.microBatches(members, member -> Shards.rows(member.example))) {
            loss += addMicroBatch(worker, part, gradients);
        }
        for (int group = 0; group < shard.size(); group++) {
            sum.add(gradients.values(group));
        }
        spare.add(gradients);
        return loss;
    }

    private double addMicroBatch(Worker worker, List<Member> part, AdapterGradients gradients) {
        if (worker.stop.get()) {
            throw new CancellationException();
        }
        int size = part.size();
        int[] labels = new int[size];
        int[] accumulators = new int[size];
        float[] weights = new float[size];
        for (int i = 0; i < size; i++) {
            labels[i] = part.get(i).example.label();
            accumulators[i] = part.get(i).group;
            weights[i] = part.get(i).weight;
        }
        LabelledBatch batch = new LabelledBatch(
                Shards.tokens(part.stream().map(Member::example).toList()), labels, weights);
        Segments segments = Segments.of(batch.tokens(), accumulators);
        return worker.classifier.addGradient(batch, adapter, segments, gradients);
    }

    private record Worker(SequenceClassifier classifier, AtomicBoolean stop) {}

    /** An example as part of a group: its accumulator, and one over the group's size. */
    private record Member(EncodedExample example, int group, float weight) {}
}
