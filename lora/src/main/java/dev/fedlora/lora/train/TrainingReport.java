package dev.fedlora.lora.train;

/**
 * What a plain training did.
 *
 * @param steps taken
 * @param examples passed over, repeats counted
 * @param meanLoss over those examples, or over their tokens that were to be predicted, each before its step, in nats
 */
public record TrainingReport(int steps, int examples, double meanLoss) {}
