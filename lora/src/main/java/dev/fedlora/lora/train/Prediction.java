package dev.fedlora.lora.train;

/**
 * The most likely class of a text; of equally likely ones the first.
 *
 * @param label number of the class
 * @param probability that the classifier gives it, in (0, 1]
 */
public record Prediction(int label, double probability) {}
