package dev.fedlora.lora.dl4j;

import dev.fedlora.lora.train.OptimizerPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * The optimizer of one round: ND4J's updater on the factors at one learning rate and on the head at another, and the
 * decoupled weight decay that ND4J has not. Not thread-safe.
 */
final class NetworkOptimizer {
    private final OptimizerPlan plan;
    private final List<Group> groups = new ArrayList<>();
    private int iteration;

    /**
     * @param updaters makes an updater that follows a schedule
     * @param network whose trainable values will be stepped
     * @param steps that will be taken, for the schedule
     */
    NetworkOptimizer(OptimizerPlan plan, Function<ISchedule, IUpdater> updaters, LoraNetwork network, int steps) {
        this.plan = plan;
        int head = network.headOffset();
        groups.add(new Group(0, head, new PlanSchedule(plan.learningRate(), plan, steps), updaters));
        if (head < network.parameterCount()) {
            PlanSchedule schedule = new PlanSchedule(plan.headLearningRate(), plan, steps);
            groups.add(new Group(head, network.parameterCount(), schedule, updaters));
        }
    }

    /** Takes a step: both arrays hold P values, {@code parameters} is changed. */
    void step(float[] parameters, float[] gradient) {
        groups.forEach(group -> group.step(parameters, gradient));
        iteration++;
    }

    private final class Group {
        private final int from;
        private final int to;
        private final PlanSchedule schedule;
        private final GradientUpdater<?> updater;

        Group(int from, int to, PlanSchedule schedule, Function<ISchedule, IUpdater> updaters) {
            this.from = from;
            this.to = to;
            this.schedule = schedule;
            IUpdater settings = updaters.apply(schedule);
            long state = settings.stateSize(to - from);
            this.updater = settings.instantiate(state == 0 ? null : Nd4j.zeros(DataType.FLOAT, 1, state), true);
        }

        void step(float[] parameters, float[] gradient) {
            INDArray update =
                    Nd4j.createFromArray(Arrays.copyOfRange(gradient, from, to)).reshape(1, to - from);
            updater.applyUpdater(update, iteration, 0); // turns the gradient into what is subtracted
            float[] subtracted = update.data().asFloat();
            float kept = (float) (1 - schedule.valueAt(iteration, 0) * plan.weightDecay());
            for (int i = from; i < to; i++) {
                parameters[i] = parameters[i] * kept - subtracted[i - from];
            }
        }
    }
}
