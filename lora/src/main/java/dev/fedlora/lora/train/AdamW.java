package dev.fedlora.lora.train;

import dev.fedlora.lora.model.BoundAdapter;
import dev.fedlora.lora.tensor.AdamWStep;
import dev.fedlora.lora.tensor.RowKernels;

/**
 * The optimizer of one round: trained values before the head's at one learning rate, the head's at another. Keeps its arrays
 * from step to step. Not thread-safe.
 */
final class AdamW {
    private final OptimizerPlan plan;
    private final BoundAdapter adapter;
    private final int steps;
    private final float[] all;
    private final Group factors;
    private final Group head;
    private int step;

    /**
     * @param adapter whose trained values each step changes
     * @param steps that will be taken, for the schedule
     */
    AdamW(OptimizerPlan plan, BoundAdapter adapter, int steps) {
        this.plan = plan;
        this.adapter = adapter;
        this.steps = steps;
        this.all = new float[adapter.parameterCount()];
        this.factors = new Group(0, adapter.headOffset(), plan.learningRate());
        this.head = new Group(adapter.headOffset(), all.length, plan.headLearningRate());
    }

    /** Takes a step: {@code gradient} holds P values. */
    void step(float[] gradient) {
        double factor = plan.schedule().factor(step, steps, plan.warmupSteps());
        step++;
        adapter.copyParameters(all);
        factors.step(gradient, factor);
        head.step(gradient, factor);
        adapter.setParameters(all);
    }

    /** Returns the number of steps taken. */
    int stepsTaken() {
        return step;
    }

    /** Returns a copy of the first moments, P values. */
    float[] firstMoments() {
        float[] copy = new float[all.length];
        System.arraycopy(factors.first, 0, copy, 0, factors.first.length);
        System.arraycopy(head.first, 0, copy, head.from, head.first.length);
        return copy;
    }

    /** Returns a copy of the second moments, P values. */
    float[] secondMoments() {
        float[] copy = new float[all.length];
        System.arraycopy(factors.second, 0, copy, 0, factors.second.length);
        System.arraycopy(head.second, 0, copy, head.from, head.second.length);
        return copy;
    }

    /** Goes on after {@code taken} steps, with the moments that they left. */
    void restore(int taken, float[] first, float[] second) {
        step = taken;
        factors.restore(first, second);
        head.restore(first, second);
    }

    private final class Group {
        private final int from;
        private final double learningRate;
        private final float[] values;
        private final float[] gradient;
        private final float[] first;
        private final float[] second;

        Group(int from, int to, double learningRate) {
            this.from = from;
            this.learningRate = learningRate;
            this.values = new float[to - from];
            this.gradient = new float[to - from];
            this.first = new float[to - from];
            this.second = new float[to - from];
        }

        void step(float[] wholeGradient, double factor) {
            AdamWStep at = new AdamWStep(
                    learningRate * factor,
                    OptimizerPlan.BETA1,
                    OptimizerPlan.BETA2,
                    OptimizerPlan.EPSILON,
                    plan.weightDecay(),
                    step);
            System.arraycopy(all, from, values, 0, values.length);
            System.arraycopy(wholeGradient, from, gradient, 0, gradient.length);
            RowKernels.adamW(at, values, gradient, first, second);
            System.arraycopy(values, 0, all, from, values.length);
        }

        void restore(float[] wholeFirst, float[] wholeSecond) {
            System.arraycopy(wholeFirst, from, first, 0, first.length);
            System.arraycopy(wholeSecond, from, second, 0, second.length);
        }
    }
}
