package dev.fedlora.lora.tensor;

/** The specification: {@link Math#exp}, one value at a time. */
final class PlainExponentials implements Exponentials {
    @Override
    public float largest(float[] v, int from, int count) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            largest = Math.max(largest, v[i]);
        }
        return largest;
    }

    @Override
    public double exp(float[] v, int from, int count, float shift) {
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            v[i] = (float) Math.exp((double) v[i] - shift);
            sum += v[i];
        }
        return sum;
    }
}
