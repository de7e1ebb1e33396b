package dev.fedlora.cli.training;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.LanguageEvaluation;
import java.util.ArrayList;
import java.util.List;

/** An evaluation for programs and for people. */
final class EvaluationText {
    private EvaluationText() {}

    static ObjectNode json(LanguageEvaluation evaluation) {
        ObjectNode json = Answer.object();
        json.put("examples", evaluation.examples());
        json.put("tokens", evaluation.tokens());
        json.put("loss", evaluation.meanLoss());
        json.put("perplexity", evaluation.perplexity());
        return json;
    }

    static String text(LanguageEvaluation evaluation) {
        return "perplexity %.4f, loss %.4f on %d tokens of %d examples"
                .formatted(evaluation.perplexity(), evaluation.meanLoss(), evaluation.tokens(), evaluation.examples());
    }

    static ObjectNode json(ClassificationEvaluation evaluation) {
        ObjectNode json = Answer.object();
        json.put("examples", evaluation.examples());
        json.put("accuracy", evaluation.accuracy());
        json.put("loss", evaluation.meanLoss());
        ArrayNode labels = json.putArray("labels");
        for (ClassificationEvaluation.LabelCount count : evaluation.labels()) {
            ObjectNode entry = labels.addObject();
            entry.put("label", count.label());
            entry.put("examples", count.examples());
            entry.put("predicted", count.predicted());
            entry.put("correct", count.correct());
        }
        return json;
    }

    static String text(ClassificationEvaluation evaluation) {
        List<String> lines = new ArrayList<>();
        lines.add("accuracy %.4f, loss %.4f on %d examples"
                .formatted(evaluation.accuracy(), evaluation.meanLoss(), evaluation.examples()));
        lines.add("%-28s %9s %9s %9s".formatted("label", "examples", "predicted", "correct"));
        for (ClassificationEvaluation.LabelCount count : evaluation.labels()) {
            lines.add(
                    "%-28s %9d %9d %9d".formatted(count.label(), count.examples(), count.predicted(), count.correct()));
        }
        return String.join(System.lineSeparator(), lines);
    }
}
