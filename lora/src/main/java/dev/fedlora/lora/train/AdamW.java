package dev.fedlora.lora.train;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.tensor.AdamWStep;
import dev.fedlora.lora.tensor.RowKernels;
import java.util.Arrays;

/**
 * The optimizer of one round: parameters before {@code headOffset} at one learning rate, the head after it at another. Not
 * thread-safe.
 */
final class AdamW {
    private final OptimizerPlan plan;
    private final LoraAdapter adapter;
    private final int steps;
    private final Group factors;
    private final Group head;
    private int step;

    /**
     * @param adapter whose parameters each step changes
     * @param headOffset where the head's parameters start
     * @param steps that will be taken, for the schedule
     */
    AdamW(OptimizerPlan plan, LoraAdapter adapter, int headOffset, int steps) {
        this.plan = plan;
        this.adapter = adapter;
        this.steps = steps;
        this.factors = new Group(0, headOffset, plan.learningRate());
        this.head = new Group(headOffset, adapter.parameterCount(), plan.headLearningRate());
    }

    /** Takes a step: {@code gradient} holds P values. */
    void step(float[] gradient) {
        double factor = plan.schedule().factor(step, steps, plan.warmupSteps());
        step++;
        float[] all = adapter.parameters();
        factors.step(all, gradient, factor);
        head.step(all, gradient, factor);
        adapter.setParameters(all);
    }

    private final class Group {
        private final int from;
        private final int to;
        private final double learningRate;
        private final float[] first;
        private final float[] second;

        Group(int from, int to, double learningRate) {
            this.from = from;
            this.to = to;
            this.learningRate = learningRate;
            this.first = new float[to - from];
            this.second = new float[to - from];
        }

        void step(float[] all, float[] gradient, double factor) {
            AdamWStep at = new AdamWStep(
                    learningRate * factor,
                    OptimizerPlan.BETA1,
                    OptimizerPlan.BETA2,
                    OptimizerPlan.EPSILON,
                    plan.weightDecay(),
                    step);
            float[] values = Arrays.copyOfRange(all, from, to);
            RowKernels.adamW(at, values, Arrays.copyOfRange(gradient, from, to), first, second);
            System.arraycopy(values, 0, all, from, values.length);
        }
    }
}
