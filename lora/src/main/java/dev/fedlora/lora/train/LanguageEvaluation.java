package dev.fedlora.lora.train;

/**
 * How well a model foretells the tokens of texts that it is to learn, each from those before it.
 *
 * @param examples texts that were evaluated, at least 1
 * @param tokens that were to be predicted in them, at least 1
 * @param meanLoss mean negative log-likelihood of such a token, in nats
 */
public record LanguageEvaluation(int examples, long tokens, double meanLoss) implements Evaluation {
    /** Returns e to the mean loss: as unsure as among so many equally likely tokens. */
    public double perplexity() {
        return Math.exp(meanLoss);
    }
}
