package dev.fedlora.lora.dl4j;

import dev.fedlora.lora.train.ClassificationEvaluation;
import java.util.OptionalDouble;

/**
 * How well a network does, with the measures that ND4J has beyond accuracy.
 *
 * @param summary what every trainer tells
 * @param f1 harmonic mean of precision and recall: of class 1 where there are two classes, else the mean over the classes
 * @param areaUnderRoc area under the exact receiver operating characteristic of class 1, where there are two classes
 */
public record NetworkEvaluation(ClassificationEvaluation summary, double f1, OptionalDouble areaUnderRoc) {}
