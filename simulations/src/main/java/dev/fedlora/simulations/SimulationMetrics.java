package dev.fedlora.simulations;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.Evaluation;
import dev.fedlora.lora.train.LanguageEvaluation;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * What an experiment gave: nothing of it depends on the machine's load or clock, on thread counts or on keys. Losses are
 * mean cross entropies in nats.
 *
 * @param experiment name
 * @param stamp {@link Simulation#STAMP}
 * @param seed of the experiment
 * @param backend for matrix products; another one rounds differently
 * @param baseSha256 of the base model's file
 * @param dataSha256 of the data files, in order, and of the test file last
 * @param parameters that are trained
 * @param protocol of the rounds
 * @param clients sorted by name
 * @param start of the adapter before the first round
 * @param rounds that made an adapter, in order
 * @param adapter SHA-256 of the final adapter's bytes
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({"experiment", "stamp", "seed", "backend"})
public record SimulationMetrics(
        String experiment,
        String stamp,
        long seed,
        String backend,
        String baseSha256,
        List<String> dataSha256,
        int parameters,
        Protocol protocol,
        List<Client> clients,
        Score start,
        List<Round> rounds,
        Bytes adapter) {
    public SimulationMetrics {
        dataSha256 = List.copyOf(dataSha256);
        clients = List.copyOf(clients);
        rounds = List.copyOf(rounds);
    }

    /**
     * One simulated client.
     *
     * @param id on the roster
     * @param client name in the data
     * @param examples that it holds
     * @param labels number of examples of each label; absent where examples are prompts
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Client(
            long id, String client, int examples, @Nullable SortedMap<String, Integer> labels) {}

    /** An adapter on the test set; what there is beside the loss depends on what it learns. */
    public sealed interface Score {
        /** Returns the mean loss: of a text that is classified, or of a token that is predicted. */
        double loss();

        /** Returns the figures of an evaluation. */
        static Score of(Evaluation evaluation) {
            if (evaluation instanceof LanguageEvaluation language) {
                return new OfResponses(language.meanLoss(), language.perplexity());
            }
            ClassificationEvaluation labels = (ClassificationEvaluation) evaluation;
            return new OfLabels(labels.meanLoss(), labels.accuracy());
        }
    }

    /**
     * How well texts are classified.
     *
     * @param loss mean
     * @param accuracy in [0, 1]
     */
    public record OfLabels(double loss, double accuracy) implements Score {}

    /**
     * How well the tokens of responses are predicted.
     *
     * @param loss mean over all of them
     * @param perplexity e to that
     */
    public record OfResponses(double loss, double perplexity) implements Score {}

    /**
     * One round that made an adapter.
     *
     * @param round number
     * @param survivors ids of the clients in it
     * @param trainingLoss mean over all examples that its clients passed over; absent with a privacy guarantee, where
     *     nobody is told
     * @param test the new adapter on the test set
     * @param epsilon spent so far; absent without a guarantee
     * @param adapter SHA-256 of the new adapter's bytes
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Round(
            long round,
            List<Long> survivors,
            @Nullable Double trainingLoss,
            Score test,
            @Nullable Double epsilon,
            Bytes adapter) {}
}
