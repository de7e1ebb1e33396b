package dev.fedlora.lora.train;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.model.ActivationPolicy;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.model.LinearLayer;
import java.util.List;
import java.util.Locale;

/**
 * How much a pool's threads keep at a time. Counted are activations, gradients, the optimizer's state and the scratch of the
 * matrix products. Not counted are the Java machine itself with its libraries, and the base model's mapped file, of which
 * the operating system keeps in memory what it can spare; examples; and gradients of shards that wait for a slow one, but for
 * one a thread.
 *
 * <p>Neither the policy nor the number of workers changes a bit of any result; the rows do, since they say in which order
 * gradients are summed. So the rows are chosen without regard to the threads.
 *
 * @param policy what a pass keeps on the way forward
 * @param rows of a micro-batch, at least 1; one longer example is a micro-batch by itself
 * @param workers threads that compute, at least 1
 */
public record MemoryPlan(ActivationPolicy policy, int rows, int workers) {
    /** Computing blocks again adds a forward pass to a forward and a backward one, which costs twice as much. */
    private static final double RECOMPUTE_SPEED = 0.75;

    /** The most of a weight matrix that a back end holds as numbers, and what it takes for a block of logits. */
    private static final long WEIGHT_BLOCK_BYTES = 16L << 20;

    /** Scores of attention that a back end has at once: so many, or those of some queries of one group of heads. */
    private static final long LEAST_SCORES = 160 * 1024;

    private static final int QUERIES_AT_ONCE = 64;

    /** A score is there as its product, its weight and the weight's gradient, and as the weight in the products' form. */
    private static final int SCORE_BYTES = 4 * Float.BYTES;

    /** @throws IllegalArgumentException when a number is less than 1 */
    public MemoryPlan {
        OptimizerPlan.require(rows >= 1, "rows of a micro-batch", "at least 1", rows);
        OptimizerPlan.require(workers >= 1, "threads", "at least 1", workers);
    }

    /** Returns the fastest plan, whatever it takes. */
    public static MemoryPlan unlimited(int threads) {
        return new MemoryPlan(ActivationPolicy.KEEP, Shards.MOST_ROWS, threads);
    }

    /**
     * Returns the fastest plan for at most {@code threads} threads that stays within a budget.
     *
     * @throws IllegalArgumentException when there is none; it says the least budget that would do
     */
    public static MemoryPlan within(long budgetBytes, Demand demand, int threads) {
        OptimizerPlan.require(threads >= 1, "threads", "at least 1", threads);
        int rows = Math.max(Shards.MOST_ROWS, demand.longest);
        while (new MemoryPlan(ActivationPolicy.RECOMPUTE, rows, 1).bytes(demand) > budgetBytes) {
            if (rows == demand.longest) {
                throw new IllegalArgumentException(
                        "a memory budget of %s is too small: training here takes at least %s with one thread"
                                .formatted(
                                        words(budgetBytes),
                                        words(new MemoryPlan(ActivationPolicy.RECOMPUTE, rows, 1).bytes(demand))));
            }
            rows = Math.max(demand.longest, rows / 2);
        }
        MemoryPlan best = new MemoryPlan(ActivationPolicy.RECOMPUTE, rows, 1);
        for (int workers = 1; workers <= threads; workers++) {
            for (ActivationPolicy policy : ActivationPolicy.values()) {
                MemoryPlan plan = new MemoryPlan(policy, rows, workers);
                best = plan.bytes(demand) <= budgetBytes && plan.speed() > best.speed() ? plan : best;
            }
        }
        return best;
    }

    private double speed() {
        return policy == ActivationPolicy.KEEP ? workers : RECOMPUTE_SPEED * workers;
    }

    /** Returns the bytes that this plan takes. */
    public long bytes(Demand demand) {
        long vector = (long) Float.BYTES * demand.parameters;
        long pass = demand.model.passBytes(rows, demand.rank, policy);
        long lastHidden = (long) Float.BYTES * rows * demand.model.width(); // its gradient
        long worker = pass + lastHidden + demand.vectorsOfWorker() * vector + demand.scratchBytes(rows);
        return workers * worker + demand.sharedVectors() * vector;
    }

    /** Returns {@code bytes} for people, in units of 1024, rounded up. */
    static String words(long bytes) {
        double mebibytes = Math.ceil(bytes / 1048576.0);
        return mebibytes < 1024
                ? String.format(Locale.ROOT, "%.0f MB", mebibytes)
                : String.format(Locale.ROOT, "%.2f GB", Math.ceil(mebibytes / 10.24) / 100);
    }

    /**
     * What is to be trained.
     *
     * @param longest tokens of the longest example
     * @param rank the highest of the adapter
     * @param parameters P, trained values
     * @param isPrivate whether each group's gradient is held by itself
     */
    public record Demand(BaseModel model, int longest, int rank, int parameters, boolean isPrivate) {
        /**
         * Returns what training {@code adapter} asks for.
         *
         * @param isPrivate whether each example's gradient is held by itself
         */
        public static Demand of(
                BaseModel model,
                LoraAdapter adapter,
                LoraOptions options,
                List<? extends TrainingExample> examples,
                boolean isPrivate) {
            BoundAdapter bound = options.bind(model, adapter);
            int longest = examples.stream().mapToInt(Member::rows).max().orElse(1);
            int rank =
                    adapter.factors().stream().mapToInt(LoraFactors::rank).max().orElse(0);
            return new Demand(model, longest, rank, bound.parameterCount(), isPrivate);
        }

        /** Vectors of P values a worker: a gradient and one that waits; or those of a shard's groups, and one on the grid. */
        private int vectorsOfWorker() {
            return isPrivate ? PrivateGradient.mostGroups(parameters) + 1 : 2;
        }

        /**
         * Vectors of P floats that are there once: the gradient; of the optimizer parameters, a group's parameters and
         * gradient, and two moments. In private training sum and noise too, in whole numbers of twice the size.
         */
        private int sharedVectors() {
            return isPrivate ? 10 : 6;
        }

        private long scratchBytes(int rows) {
            long widest = model.linearLayers().stream()
                    .mapToInt(LinearLayer::inputs)
                    .max()
                    .orElse(0);
            long scores = Math.max(LEAST_SCORES, (long) model.headsOfKey() * QUERIES_AT_ONCE * longest);
            return WEIGHT_BLOCK_BYTES
                    + SCORE_BYTES * scores
                    + 2L * Float.BYTES * rows * widest; // an input and an output in the products' form
        }
    }
}
