package dev.fedlora.lora.model;

/**
 * How the next token is chosen. What narrows the choice is applied in this order, as llama.cpp does: the {@code topK}
 * likeliest; of those the likeliest that together have {@code topP}; of those the ones that have {@code minP} times the
 * probability of the likeliest; then one is drawn, from probabilities at {@code temperature}.
 *
 * <p>Holtzman et al., The Curious Case of Neural Text Degeneration, ICLR 2020 (arXiv 1904.09751: top-p); Nguyen et al.,
 * Min-p Sampling, 2024 (arXiv 2407.01082).
 *
 * @param temperature logits are divided by it; 0 takes the likeliest token always
 * @param topK at least 0; 0 for all
 * @param topP in (0, 1]
 * @param minP in [0, 1]
 * @param seed the same seed and text give the same tokens
 */
public record Sampling(double temperature, int topK, double topP, double minP, long seed) {
    /** Always the likeliest token; of equals the first. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0, 0);

    /** @throws IllegalArgumentException naming the first value that is out of its range */
    public Sampling {
        require(temperature >= 0 && Double.isFinite(temperature), "temperature", "at least 0", temperature);
        require(topK >= 0, "top-k", "at least 0", topK);
        require(topP > 0 && topP <= 1, "top-p", "in (0, 1]", topP);
        require(minP >= 0 && minP <= 1, "min-p", "in [0, 1]", minP);
    }

    private static void require(boolean holds, String what, String allowed, Number got) {
        if (!holds) {
            throw new IllegalArgumentException("%s must be %s, got %s".formatted(what, allowed, got));
        }
    }
}
