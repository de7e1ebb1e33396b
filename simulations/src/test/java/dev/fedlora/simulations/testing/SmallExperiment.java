package dev.fedlora.simulations.testing;

import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.client.testing.TinyLlamaFile;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.PromptExample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes the files of an experiment that takes a second: four clients, a base model of a few kilobytes. */
public final class SmallExperiment {
    /** What every experiment needs and no default gives. */
    public static final String REQUIRED = """
            name: wards
            data: [train.jsonl]
            test: test.jsonl
            baseModel: base.gguf
            adapter: {rank: 2, alpha: 4, targets: [attn_q, attn_v]}
            training: {learningRate: 0.01, headLearningRate: 0.05, batchSize: 8, dataFraction: 0.5}
            maxTokens: 16
            rounds: 2
            """;

    /** Owners as the data names them. */
    public static final String NATURAL = REQUIRED + "partition: {kind: natural}\n";

    /** Four clients with questions and answers, and a base model that predicts letters. */
    public static final String PROMPTS = NATURAL.replace(
                    "[attn_q, attn_v]", "[attn_q, attn_k, attn_v, attn_output, ffn_gate, ffn_up, ffn_down]")
            .replace("maxTokens: 16", "maxTokens: 32")
            .replace("learningRate: 0.01", "learningRate: 0.03");

    private SmallExperiment() {}

    /** Writes data and base model into {@code folder}, and the experiment with this YAML; returns its file. */
    public static Path write(Path folder, String yaml) throws IOException {
        List<Example> train = new ArrayList<>();
        for (int client = 1; client <= 4; client++) {
            train.addAll(TinyBertFile.examples("ward " + client, 10 * client, client));
        }
        TinyBertFile.writeJsonl(folder.resolve("train.jsonl"), train);
        TinyBertFile.writeJsonl(folder.resolve("test.jsonl"), TinyBertFile.examples("test", 40, 99));
        TinyBertFile.write(folder.resolve("base.gguf"), 3);
        return Files.writeString(folder.resolve("experiment.yaml"), yaml);
    }

    /** Writes prompts and a base model that can answer them into {@code folder}; returns the experiment's file. */
    public static Path writePrompts(Path folder, String yaml) throws IOException {
        List<PromptExample> train = new ArrayList<>();
        for (int client = 1; client <= 4; client++) {
            train.addAll(TinyLlamaFile.prompts("ward " + client, 10 * client, client));
        }
        TinyLlamaFile.writeJsonl(folder.resolve("train.jsonl"), train);
        TinyLlamaFile.writeJsonl(folder.resolve("test.jsonl"), TinyLlamaFile.prompts("test", 40, 99));
        TinyLlamaFile.write(folder.resolve("base.gguf"), 3);
        return Files.writeString(folder.resolve("experiment.yaml"), yaml);
    }
}
