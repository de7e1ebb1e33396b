package dev.fedlora.lora.dl4j;

import dev.fedlora.lora.train.LearningRateSchedule;
import dev.fedlora.lora.train.OptimizerPlan;
import org.nd4j.linalg.schedule.ISchedule;

/** An {@link OptimizerPlan}'s warm-up and schedule as ND4J's updaters ask for it: by iteration, counted from 0. */
record PlanSchedule(double learningRate, LearningRateSchedule schedule, int warmupSteps, int steps)
        implements ISchedule {
    PlanSchedule(double learningRate, OptimizerPlan plan, int steps) {
        this(learningRate, plan.schedule(), plan.warmupSteps(), steps);
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        return learningRate * schedule.factor(iteration, steps, warmupSteps);
    }

    @Override
    public ISchedule clone() {
        return this; // immutable
    }
}
