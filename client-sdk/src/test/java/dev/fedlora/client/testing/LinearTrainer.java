package dev.fedlora.client.testing;

import dev.fedlora.lora.train.Evaluation;
import dev.fedlora.lora.train.LocalTrainer;
import dev.fedlora.lora.train.PrivateRandomness;
import dev.fedlora.lora.train.PrivateTrainingPlan;
import dev.fedlora.lora.train.PrivateTrainingReport;
import dev.fedlora.lora.train.ProgressListener;
import dev.fedlora.lora.train.TrainingPlan;
import dev.fedlora.lora.train.TrainingReport;
import java.util.SplittableRandom;

/** Least squares on private numbers: y is to be the parameters times x. One gradient step over all data a round. */
public class LinearTrainer implements LocalTrainer {
    private final double[][] inputs;
    private final double[] outputs;
    private final float[] parameters;

    /** Makes up {@code examples} examples from {@code seed}; each seed has a truth of its own. */
    public LinearTrainer(int parameters, int examples, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        this.parameters = new float[parameters];
        this.inputs = new double[examples][parameters];
        this.outputs = new double[examples];
        double[] truth = random.doubles(parameters, -1, 1).toArray();
        for (int i = 0; i < examples; i++) {
            for (int j = 0; j < parameters; j++) {
                inputs[i][j] = random.nextDouble(-1, 1);
                outputs[i] += truth[j] * inputs[i][j];
            }
        }
    }

    @Override
    public int parameterCount() {
        return parameters.length;
    }

    @Override
    public float[] parameters() {
        return parameters.clone();
    }

    @Override
    public void load(float[] values) {
        System.arraycopy(values, 0, parameters, 0, parameters.length);
    }

    @Override
    public TrainingReport train(TrainingPlan plan, long seed, ProgressListener listener) {
        double[] gradient = new double[parameters.length];
        double loss = 0;
        for (int i = 0; i < inputs.length; i++) {
            double error = -outputs[i];
            for (int j = 0; j < parameters.length; j++) {
                error += parameters[j] * inputs[i][j];
            }
            loss += error * error / inputs.length;
            for (int j = 0; j < parameters.length; j++) {
                gradient[j] += 2 * error * inputs[i][j] / inputs.length;
            }
        }
        step(gradient, plan.optimizer().learningRate());
        return new TrainingReport(1, inputs.length, loss);
    }

    /** The gradient of one example's kind, replaced by noise: enough to see that the guarded path is taken. */
    @Override
    public PrivateTrainingReport trainPrivately(
            PrivateTrainingPlan plan, PrivateRandomness randomness, ProgressListener listener) {
        for (int done = 0; done < plan.steps(); done++) {
            long[] noise = new long[parameters.length];
            randomness.poissonSample(inputs.length, plan.samplingRate());
            randomness.addDiscreteGaussian(noise, 1000);
            double[] gradient = new double[parameters.length];
            for (int j = 0; j < gradient.length; j++) {
                gradient[j] = noise[j] * 1e-3 * plan.clippingBound();
            }
            step(gradient, plan.optimizer().learningRate());
        }
        return new PrivateTrainingReport(plan.steps(), plan.samplingRate(), plan.noiseMultiplier());
    }

    private void step(double[] gradient, double learningRate) {
        for (int j = 0; j < parameters.length; j++) {
            parameters[j] -= (float) (learningRate * gradient[j]);
        }
    }

    @Override
    public Evaluation evaluate() {
        throw new IllegalStateException("no examples are held back");
    }
}
