package dev.fedlora.simulations;

import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.JsonlData;
import dev.fedlora.lora.data.JsonlExamples;
import dev.fedlora.lora.data.JsonlPrompts;
import dev.fedlora.lora.data.OwnedExample;
import dev.fedlora.lora.data.PromptExample;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.simulations.experiment.Experiment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The examples of one experiment, all of one kind: labelled texts, or prompts with responses.
 *
 * @param training of all clients together
 * @param labels of labelled texts, sorted; empty for prompts
 * @param test what every round is evaluated on
 */
record ExperimentData(List<OwnedExample> training, List<String> labels, List<? extends OwnedExample> test) {
    /**
     * Reads the experiment's files.
     *
     * @throws MalformedFileException when a line is no example, a file is of another kind than the first, or a label of the
     *     test set is not among those trained on
     * @throws IOException when a file cannot be read
     */
    static ExperimentData read(Experiment experiment) throws IOException {
        List<OwnedExample> all = new ArrayList<>();
        for (Path file : experiment.data()) {
            List<OwnedExample> own = JsonlData.read(file);
            if (!all.isEmpty() && isPrompt(all.get(0)) != isPrompt(own.get(0))) {
                throw new MalformedFileException(
                        file,
                        "holds %s, but %s holds %s"
                                .formatted(kind(own.get(0)), experiment.data().get(0), kind(all.get(0))));
            }
            all.addAll(own);
        }
        if (isPrompt(all.get(0))) {
            return new ExperimentData(all, List.of(), JsonlPrompts.read(experiment.test()));
        }
        List<String> labels =
                JsonlExamples.labels(all.stream().map(Example.class::cast).toList());
        return new ExperimentData(all, labels, JsonlExamples.read(experiment.test(), labels));
    }

    private static boolean isPrompt(OwnedExample example) {
        return example instanceof PromptExample;
    }

    private static String kind(OwnedExample example) {
        return isPrompt(example) ? "prompts" : "labelled texts";
    }
}
