package dev.fedlora.lora.train;

/**
 * What a private training did, for the accountant: nothing in it depends on the data, so it may be released.
 *
 * @param steps taken
 * @param samplingRate with which each group joined each batch
 * @param noiseMultiplier standard deviation of the noise over the clipping bound, as it really was: the planned one rounded
 *     up to the integer grid
 */
public record PrivateTrainingReport(int steps, double samplingRate, double noiseMultiplier) {}
