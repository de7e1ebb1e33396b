package dev.fedlora.lora.tokenizer;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * How a vocabulary of byte pairs splits a text into the words within which pairs are merged, by the name that
 * {@code tokenizer.ggml.pre} gives it. The rules are applied one after the other, each within the words that those before
 * it left; what a rule does not take stays a word too.
 *
 * @param rules in their order
 * @param wholeWords whether a word that is a token is that token, whatever the merges would make of it
 * @param addsBegin whether a text starts with the begin token where the file does not say
 */
record PreTokenizer(List<WordRule> rules, boolean wholeWords, boolean addsBegin) {
    static final String PRE = "tokenizer.ggml.pre";

    private static final PreTokenizer DEFAULT =
            of(WordRules.SIGNS, WordRules.GPT2, WordRules.DIGITS, WordRules.THREE_DIGITS);
    private static final PreTokenizer GPT2 = of(WordRules.GPT2);
    private static final PreTokenizer STARCODER = of(WordRules.DIGIT, WordRules.GPT2);
    private static final PreTokenizer LLAMA3 = new PreTokenizer(List.of(WordRules.llama3(3)), true, true);
    private static final PreTokenizer DBRX = of(WordRules.llama3(3));
    private static final PreTokenizer QWEN2 = of(WordRules.llama3(1));
    private static final PreTokenizer FALCON = of(WordRules.FALCON_SIGNS, WordRules.GPT2, WordRules.THREE_DIGITS);
    private static final PreTokenizer DEEPSEEK_LLM = of(
            WordRules.LINE_END,
            WordRules.DEEPSEEK_LETTERS,
            WordRules.DEEPSEEK_SIGNS,
            WordRules.TRAILING_SPACES,
            WordRules.DEEPSEEK_IDEOGRAPHS,
            WordRules.DIGITS);
    private static final PreTokenizer DEEPSEEK_CODER = of(
            WordRules.LINE_END,
            WordRules.SPACED_LETTERS,
            WordRules.SPACED_PUNCTUATION,
            WordRules.DEEPSEEK_IDEOGRAPHS,
            WordRules.DIGIT);

    private static final Map<String, PreTokenizer> BY_NAME = new HashMap<>();

    static {
        name(DEFAULT, "default");
        name(GPT2, "gpt-2", "phi-2", "mpt", "olmo", "jais", "exaone4", "trillion", "granite-docling", "gigachat");
        name(GPT2, "mellum", "a.x-4.0");
        name(STARCODER, "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b");
        name(LLAMA3, "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2");
        name(DBRX, "dbrx", "smaug-bpe", "glm4", "chatglm-bpe");
        name(QWEN2, "qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "hunyuan", "solar-open", "grok-2");
        name(FALCON, "falcon");
        name(DEEPSEEK_LLM, "deepseek-llm");
        name(DEEPSEEK_CODER, "deepseek-coder");
    }

    private static PreTokenizer of(WordRule... rules) {
        return new PreTokenizer(List.of(rules), false, false);
    }

    private static void name(PreTokenizer rules, String... names) {
        for (String name : names) {
            BY_NAME.put(name, rules);
        }
    }

    /**
     * Returns the one that {@code model} names, {@code default} where it names none.
     *
     * @throws MalformedFileException when the name is unknown
     */
    static PreTokenizer of(GgufFile model) {
        String name = model.findString(PRE).orElse("default");
        PreTokenizer found = BY_NAME.get(name);
        if (found == null) {
            throw new MalformedFileException(
                    model.path(),
                    "%s is %s, this version knows: %s"
                            .formatted(PRE, name, String.join(", ", new TreeSet<>(BY_NAME.keySet()))));
        }
        return found;
    }

    /** Returns where the words of {@code text} end, ascending; the last is the text's end. Empty for empty text. */
    int[] ends(CodePoints text) {
        int[] ends = text.length() == 0 ? new int[0] : new int[] {text.length()};
        for (WordRule rule : rules) {
            ends = split(text, ends, rule);
        }
        return ends;
    }

    private static int[] split(CodePoints text, int[] ends, WordRule rule) {
        Ids cuts = new Ids();
        int start = 0;
        for (int to : ends) {
            int from = start; // of what no word of the rule has taken yet
            for (int at = start; at < to; ) {
                int end = rule.end(text, at, to);
                if (end == at) {
                    at++;
                    continue;
                }
                if (at > from) {
                    cuts.add(at);
                }
                cuts.add(end);
                at = end;
                from = end;
            }
            if (from < to) {
                cuts.add(to);
            }
            start = to;
        }
        return cuts.toArray();
    }

    /** Names the rules alone: there is no text to a function. */
    @Override
    public String toString() {
        return "PreTokenizer" + Arrays.asList(rules.size(), wholeWords, addsBegin);
    }
}
