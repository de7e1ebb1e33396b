package dev.fedlora.lora.tensor;

/** The exponentials of a softmax whose row is never there as a whole. Stateless. */
interface Exponentials {
    /** Returns the largest of {@code count} values, at least 1 of them. */
    float largest(float[] v, int from, int count);

    /** v = exp(v - shift); returns the sum. */
    double exp(float[] v, int from, int count, float shift);
}
