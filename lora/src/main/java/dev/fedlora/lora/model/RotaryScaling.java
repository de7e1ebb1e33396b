package dev.fedlora.lora.model;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a file stretches rotary positions beyond the context that the model was first trained with, as llama.cpp reads it.
 *
 * <pre>
 * frequency_i = base^(-2i / width) / factor_i            factors: tensor rope_freqs.weight (Llama 3), else 1
 * linear:  frequency_i / s                               s: rope.scaling.factor
 * yarn:    frequency_i ((1 - m_i) / s + m_i)             m_i: from 1 (fast pairs) down to 0 (slow ones)
 *          and all turned values times attn_factor (1 + 0.1 ln s)
 * </pre>
 *
 * <p>Sources: Chen et al., Extending Context Window of Large Language Models via Position Interpolation, 2023 (arXiv
 * 2306.15595); Peng et al., YaRN, ICLR 2024 (arXiv 2309.00071); ggml, {@code rope_yarn}.
 */
final class RotaryScaling {
    // YaRN's ramp, in turns within the original context: more than 32 are left alone, fewer than 1 are interpolated
    private static final double BETA_FAST = 32;
    private static final double BETA_SLOW = 1;
    private static final double DEFAULT_BASE = 10_000;

    private final GgufFile file;
    private final String prefix;

    /** @param architecture prefix of the keys */
    RotaryScaling(GgufFile file, String architecture) {
        this.file = file;
        this.prefix = architecture + ".rope.";
    }

    /**
     * Returns the model's rotary positions.
     *
     * @param factors by which the frequency of each pair is divided; null for none
     * @throws MalformedFileException when the file asks for what is not supported, or a number makes no sense
     */
    RotaryEmbedding read(DecoderFamily family, DecoderShape shape, float @Nullable [] factors) {
        int headWidth = shape.heads().width();
        int width = width(headWidth);
        double base = number("freq_base", DEFAULT_BASE);
        require(base > 0, "freq_base", base, "above 0");
        double[] frequencies = new double[width / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double divisor = factors == null ? 1 : factors[i];
            if (!(divisor > 0) || Double.isInfinite(divisor)) {
                throw new MalformedFileException(
                        file.path(), "rope_freqs.weight holds %s, must be above 0 and finite".formatted(divisor));
            }
            frequencies[i] = Math.pow(base, -2.0 * i / width) / divisor;
        }
        double magnitude = number("scaling.attn_factor", 1);
        String type = file.findString(prefix + "scaling.type").orElse("linear"); // as llama.cpp does; its factor is 1
        switch (type) {
            case "none" -> {}
            case "linear" -> scale(frequencies, 1 / factor());
            case "yarn" -> magnitude *= yarn(frequencies, base, shape.contextLimit());
            default ->
                throw new MalformedFileException(
                        file.path(),
                        "%sscaling.type is '%s', this version knows none, linear and yarn".formatted(prefix, type));
        }
        return new RotaryEmbedding(family.turnsHalves(), headWidth, frequencies, magnitude, shape.contextLimit());
    }

    private int width(int headWidth) {
        Optional<Long> given = file.findInteger(prefix + "dimension_count");
        long width = given.orElse((long) headWidth);
        if (width < 2 || width > headWidth || width % 2 != 0) {
            throw new MalformedFileException(
                    file.path(),
                    "%sdimension_count is %d, must be even and at most the head's %d"
                            .formatted(prefix, width, headWidth));
        }
        return (int) width;
    }

    /** Returns s; 0 and no factor at all mean 1. */
    private double factor() {
        double factor = number("scaling.factor", number("scale_linear", 0));
        require(factor >= 0, "scaling.factor", factor, "at least 0");
        return factor == 0 ? 1 : factor;
    }

    private static void scale(double[] frequencies, double by) {
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] *= by;
        }
    }

    /** Stretches the frequencies; returns the magnitude. */
    private double yarn(double[] frequencies, double base, int contextLimit) {
        double stretch = factor();
        long original =
                file.findInteger(prefix + "scaling.original_context_length").orElse((long) contextLimit);
        require(original >= 1, "scaling.original_context_length", original, "at least 1");
        double strength = number("scaling.yarn_ext_factor", 1);
        double fast = number("scaling.yarn_beta_fast", BETA_FAST);
        double slow = number("scaling.yarn_beta_slow", BETA_SLOW);
        require(fast > 0, "scaling.yarn_beta_fast", fast, "above 0");
        require(slow > 0, "scaling.yarn_beta_slow", slow, "above 0");
        int width = 2 * frequencies.length;
        double low = Math.max(0, Math.floor(turnsAt(fast, width, original, base)));
        double high = Math.min(width - 1.0, Math.ceil(turnsAt(slow, width, original, base)));
        for (int i = 0; i < frequencies.length; i++) {
            double ramp = Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)));
            double kept = (1 - ramp) * strength; // the share that is not interpolated
            frequencies[i] *= (1 - kept) / stretch + kept;
        }
        return strength == 0 ? 1 : 1 + 0.1 * Math.log(stretch);
    }

    /** Returns the pair that makes {@code turns} turns within {@code positions}. */
    private static double turnsAt(double turns, int width, long positions, double base) {
        return width * Math.log(positions / (turns * 2 * Math.PI)) / (2 * Math.log(base));
    }

    private double number(String key, double otherwise) {
        double value = file.findFloating(prefix + key).orElse(otherwise);
        require(Double.isFinite(value), key, value, "a finite number");
        return value;
    }

    private void require(boolean holds, String key, Number got, String allowed) {
        if (!holds) {
            throw new MalformedFileException(
                    file.path(), "%s%s is %s, must be %s".formatted(prefix, key, got, allowed));
        }
    }
}
