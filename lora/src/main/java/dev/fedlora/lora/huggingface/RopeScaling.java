package dev.fedlora.lora.huggingface;

import org.jspecify.annotations.Nullable;

/** How rotary embeddings are stretched past the context that a model was first trained with. */
sealed interface RopeScaling {
    /** Not at all. */
    record None() implements RopeScaling {}

    /** All positions are divided by {@code factor}. */
    record Linear(double factor) implements RopeScaling {}

    /**
     * Llama 3's: low frequencies are divided by {@code factor}, high ones are kept, those between are blended.
     *
     * @param originalContext positions of the first training
     */
    record Llama3(double factor, double lowFrequency, double highFrequency, int originalContext)
            implements RopeScaling {
        /**
         * Returns what each of the width / 2 frequencies is divided by, which GGUF stores as {@code rope_freqs.weight};
         * in single precision, step by step as the converter of llama.cpp computes it.
         */
        float[] factors(double base, int width) {
            float[] factors = new float[width / 2];
            float lowWavelength = (float) (originalContext / lowFrequency);
            float highWavelength = (float) (originalContext / highFrequency);
            for (int i = 0; i < factors.length; i++) {
                float frequency = 1f / (float) Math.pow(base, 2f * i / width);
                float wavelength = 1f / frequency * (float) (2 * Math.PI); // PyTorch divides a number so
                if (wavelength < highWavelength) {
                    factors[i] = 1;
                } else if (wavelength > lowWavelength) {
                    factors[i] = (float) factor;
                } else {
                    float smooth = (1f / wavelength * originalContext - (float) lowFrequency)
                            / (float) (highFrequency - lowFrequency);
                    factors[i] = 1f / ((1f - smooth) / (float) factor + smooth);
                }
            }
            return factors;
        }
    }

    /** Reads rope_scaling of transformers 4 or rope_parameters of transformers 5. */
    static RopeScaling read(JsonFile config) {
        JsonFile scaling = config.object(config.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
        String type = type(scaling);
        if (type == null || type.equals("default")) {
            return new None();
        }
        return switch (type) {
            case "linear" -> new Linear(required(scaling, "factor"));
            case "llama3" ->
                new Llama3(
                        scaling.positive("factor").orElse(8.0), // the defaults of llama.cpp's converter
                        scaling.positive("low_freq_factor").orElse(1.0),
                        scaling.positive("high_freq_factor").orElse(4.0),
                        scaling.count("original_max_position_embeddings")
                                .orElse(config.count("original_max_position_embeddings")
                                        .orElse(8192)));
            default -> throw scaling.malformed("rope scaling is \"%s\", allowed are linear and llama3".formatted(type));
        };
    }

    private static @Nullable String type(JsonFile scaling) {
        return scaling.text("rope_type").or(() -> scaling.text("type")).orElse(null);
    }

    private static double required(JsonFile scaling, String field) {
        return scaling.positive(field).orElseThrow(() -> scaling.malformed("rope scaling has no " + field));
    }
}
