package dev.fedlora.lora.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds the name that llama.cpp has for a pre-tokenizer by the steps that tokenizer.json spells out. llama.cpp knows one by
 * the ids that it gives a test text; its steps say the same without running it.
 */
final class PreTokenizers {
    private static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String QWEN2 = LLAMA3.replace("\\p{N}{1,3}", "\\p{N}");
    private static final String NAMES = "gpt-2, llama-bpe, qwen2, smollm";

    private final JsonFile tokenizer;

    private PreTokenizers(JsonFile tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Returns GGUF's name of the pre-tokenizer.
     *
     * @throws dev.fedlora.lora.file.MalformedFileException when it is none that is known here
     */
    static String name(JsonFile tokenizer) {
        PreTokenizers known = new PreTokenizers(tokenizer);
        return known.find()
                .orElseThrow(() -> tokenizer.malformed(
                        ("its pre_tokenizer %s is none of those known here (%s); convert the model with llama.cpp, whose"
                                        + " GGUF file can be used")
                                .formatted(JsonFile.brief(tokenizer.get("pre_tokenizer")), NAMES)));
    }

    private Optional<String> find() {
        List<JsonNode> steps = steps(tokenizer.get("pre_tokenizer"));
        String normalizer = tokenizer.get("normalizer").path("type").asText();
        boolean ignoresMerges = tokenizer.get("model").path("ignore_merges").asBoolean();
        Optional<String> name = Optional.empty();
        if (steps.size() == 1 && isByteLevel(steps.get(0), true)) {
            name = Optional.of("gpt-2");
        } else if (steps.size() == 2 && isDigits(steps.get(0)) && isByteLevel(steps.get(1), true)) {
            name = Optional.of("smollm");
        } else if (steps.size() == 2 && isByteLevel(steps.get(1), false)) {
            name = ofSplit(steps.get(0));
        }
        // what llama.cpp does under the name: whole words before merges, no normal forms but Qwen's, which it leaves
        // out
        return name.filter(known -> !ignoresMerges || known.equals("llama-bpe"))
                .filter(known -> normalizer.isEmpty() || (known.equals("qwen2") && normalizer.equals("NFC")));
    }

    private static List<JsonNode> steps(JsonNode preTokenizer) {
        List<JsonNode> steps = new ArrayList<>();
        if (preTokenizer.path("type").asText().equals("Sequence")) {
            preTokenizer.path("pretokenizers").forEach(steps::add);
        } else {
            steps.add(preTokenizer);
        }
        return steps;
    }

    private static boolean isByteLevel(JsonNode step, boolean usesRegex) {
        return step.path("type").asText().equals("ByteLevel")
                && !step.path("add_prefix_space").asBoolean(true)
                && step.path("use_regex").asBoolean(true) == usesRegex;
    }

    private static boolean isDigits(JsonNode step) {
        return step.path("type").asText().equals("Digits")
                && step.path("individual_digits").asBoolean();
    }

    private static Optional<String> ofSplit(JsonNode step) {
        if (!step.path("type").asText().equals("Split")
                || !step.path("behavior").asText().equals("Isolated")
                || step.path("invert").asBoolean()) {
            return Optional.empty();
        }
        return switch (step.path("pattern").path("Regex").asText()) {
            case LLAMA3 -> Optional.of("llama-bpe");
            default ->
                step.path("pattern").path("Regex").asText().equals(QWEN2) ? Optional.of("qwen2") : Optional.empty();
        };
    }
}
