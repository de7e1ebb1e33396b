package dev.fedlora.cli.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** A training's answer for people, from that for programs. */
final class TrainingText {
    private TrainingText() {}

    static String of(ObjectNode json) {
        List<String> parts = new ArrayList<>();
        parts.add("%d steps in %.1f s on back end %s"
                .formatted(
                        json.get("steps").asInt(),
                        json.get("seconds").asDouble(),
                        json.get("backend").asText()));
        if (json.has("tokensPerSecond")) {
            parts.add("%.0f tokens/s".formatted(json.get("tokensPerSecond").asDouble()));
        }
        if (json.has("epsilon")) {
            parts.add("epsilon %.4f at delta %s"
                    .formatted(json.get("epsilon").asDouble(), json.get("delta").asText()));
        }
        if (json.has("loss")) {
            parts.add("training loss %.4f".formatted(json.get("loss").asDouble()));
        }
        if (json.has("accuracy")) {
            parts.add("test accuracy %.4f, loss %.4f"
                    .formatted(
                            json.get("accuracy").asDouble(),
                            json.get("testLoss").asDouble()));
        }
        if (json.has("perplexity")) {
            parts.add("test perplexity %.4f, loss %.4f on %d tokens"
                    .formatted(
                            json.get("perplexity").asDouble(),
                            json.get("testLoss").asDouble(),
                            json.get("testTokens").asLong()));
        }
        parts.add("PEFT directory " + json.get("adapter").get("peft").asText());
        parts.add("GGUF adapter   " + json.get("adapter").get("gguf").asText());
        return String.join(System.lineSeparator(), parts);
    }
}
