package dev.fedlora.lora.train;

/**
 * What a plain training did.
 *
 * @param steps taken
 * @param examples passed over, repeats counted
 * @param meanLoss over those examples, each before its step, in nats
 */
public record TrainingReport(int steps, int examples, double meanLoss) {}
