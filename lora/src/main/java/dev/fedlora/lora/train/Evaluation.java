package dev.fedlora.lora.train;

/** How well an adapter does on examples that it was not trained on; what else there is to say depends on their kind. */
public sealed interface Evaluation permits ClassificationEvaluation, LanguageEvaluation {
    /** Returns how many examples were evaluated, at least 1. */
    int examples();

    /** Returns the mean cross entropy in nats: over texts that are classified, or over tokens that are predicted. */
    double meanLoss();
}
