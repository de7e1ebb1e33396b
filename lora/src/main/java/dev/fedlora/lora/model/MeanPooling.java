package dev.fedlora.lora.model;

import java.util.Arrays;

/** pooled (S × D): the mean of each sequence's hidden states. */
final class MeanPooling {
    private MeanPooling() {}

    static void forward(TokenBatch batch, float[] hidden, int width, float[] pooled) {
        double[] sum = new double[width];
        for (int s = 0; s < batch.sequences(); s++) {
            Arrays.fill(sum, 0);
            int end = batch.start(s + 1);
            for (int row = batch.start(s); row < end; row++) {
                for (int i = 0; i < width; i++) {
                    sum[i] += hidden[row * width + i];
                }
            }
            for (int i = 0; i < width; i++) {
                pooled[s * width + i] = (float) (sum[i] / batch.length(s));
            }
        }
    }

    /** Every row of a sequence gets 1/T of the pooled state's gradient. */
    static void backward(TokenBatch batch, float[] pooledGradient, int width, float[] hiddenGradient) {
        for (int s = 0; s < batch.sequences(); s++) {
            float share = 1f / batch.length(s);
            int end = batch.start(s + 1);
            for (int row = batch.start(s); row < end; row++) {
                for (int i = 0; i < width; i++) {
                    hiddenGradient[row * width + i] = pooledGradient[s * width + i] * share;
                }
            }
        }
    }
}
