package dev.fedlora.client.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.testing.Federation;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.client.testing.TinyLlamaFile;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.PromptExample;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.train.LanguageEvaluation;
import dev.fedlora.lora.train.LocalTrainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tasks without labels, over a decoder that reads letters. */
class PromptTrainersTest {
    @TempDir
    private Path directory;

    private TransformerTrainers trainers;
    private final List<PromptExample> prompts = TinyLlamaFile.prompts("a", 60, 1);

    @BeforeEach
    void open() throws IOException {
        trainers = TransformerTrainers.open(
                TinyLlamaFile.write(directory.resolve("base.gguf"), 3), MatrixBackends.select("reference"), 2);
    }

    @AfterEach
    void close() {
        trainers.close();
    }

    @Test
    void train_severalRounds_learnsTheAnswers() throws Exception {
        TaskSpec task = task("auto", null);
        LoraAdapter start = trainers.newAdapter(task);
        RoundTraining training =
                new RoundTraining(task, trainers.over(prompts).create(task, start.copy()), RoundBits.unpredictable());
        float[] parameters = start.parameters();

        for (int round = 1; round <= 4; round++) {
            TrainedUpdate update = training.train(round, parameters);
            assertThat(update.examples()).isEqualTo(60);
            parameters = update.parameters();
        }

        LoraAdapter trained = start.copy();
        trained.setParameters(parameters);
        LanguageEvaluation before = evaluate(task, start);
        LanguageEvaluation after = evaluate(task, trained);
        assertThat(start.head()).isNull();
        assertThat(before.examples()).isEqualTo(40);
        assertThat(after.perplexity()).isLessThan(before.perplexity() / 10);
    }

    @Test
    void evaluate_perplexity_isThatOfTheMeanOverAllTokens() throws Exception {
        TaskSpec task = task("plain", null);
        LoraAdapter start = trainers.newAdapter(task);
        List<PromptExample> two =
                List.of(prompts.get(0), new PromptExample("a", "colour of grass", "green or yellow", null, null));

        LanguageEvaluation together = (LanguageEvaluation) trainers.evaluate(task, start, two);
        LanguageEvaluation first = (LanguageEvaluation) trainers.evaluate(task, start, two.subList(0, 1));
        LanguageEvaluation second = (LanguageEvaluation) trainers.evaluate(task, start, two.subList(1, 2));

        assertThat(together.tokens()).isEqualTo(first.tokens() + second.tokens());
        double sum = first.meanLoss() * first.tokens() + second.meanLoss() * second.tokens();
        assertThat(together.meanLoss()).isCloseTo(sum / together.tokens(), within(1e-6));
    }

    @Test
    void create_fileOfPrompts_givesTheSameAsThePrompts() throws Exception {
        TaskSpec task = task("auto", null);
        Path file = TinyLlamaFile.writeJsonl(directory.resolve("prompts.jsonl"), prompts);

        assertThat(trainOnce(task, trainers.over(file))).isEqualTo(trainOnce(task, trainers.over(prompts)));
    }

    @Test
    void create_otherTemplate_trainsOnOtherTexts() throws Exception {
        float[] plain = trainOnce(task("plain", null), trainers.over(prompts));

        assertThat(trainOnce(task("auto", null), trainers.over(prompts))).isEqualTo(plain); // the model brings none
        assertThat(trainOnce(task("lines", null), trainers.over(prompts))).isNotEqualTo(plain);
    }

    @Test
    void create_privacyOfRecords_doesNotTellGroupsApart() throws Exception {
        List<PromptExample> alone = prompts.stream()
                .map(each -> new PromptExample(each.client(), each.prompt(), each.response(), null, null))
                .toList();
        TaskSpec records = task("auto", new PrivacySpec(8, 1e-5, 1, 1, 0.5, 2, "record"));
        TaskSpec groups = task("auto", new PrivacySpec(8, 1e-5, 1, 1, 0.5, 2, "group"));

        float[] expected = trainOnce(records, trainers.over(alone));
        assertThat(trainOnce(records, trainers.over(prompts))).isEqualTo(expected);
        assertThat(trainOnce(groups, trainers.over(prompts))).isNotEqualTo(expected);
    }

    @Test
    void create_unknownTemplate_isRefusedNamingTheChoices() {
        TaskSpec task = task("morse", null);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainers.over(prompts).create(task, trainers.newAdapter(task)))
                .withMessageStartingWith("task line: template morse is unknown, allowed are [auto, plain, ");
    }

    @Test
    void create_labelledTexts_areRefusedFromFileAndMemory() throws IOException {
        TaskSpec task = task("auto", null);
        List<Example> labelled = TinyBertFile.examples("a", 3, 1);
        Path file = TinyBertFile.writeJsonl(directory.resolve("notes.jsonl"), labelled);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainers.over(labelled).create(task, trainers.newAdapter(task)))
                .withMessage("task line learns to answer prompts, but example 1 of 3 is a text with a label");
        assertThatExceptionOfType(MalformedFileException.class)
                .isThrownBy(() -> trainers.over(file).create(task, trainers.newAdapter(task)))
                .withMessage(file + ", line 1: lacks the field \"prompt\"");
    }

    @Test
    void create_promptsForATaskWithLabels_areRefused() {
        TaskSpec task = task(TinyBertFile.LABELS, "auto", null, trainers.model().sha256(), "llama");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainers.over(prompts).create(task, trainers.newAdapter(task)))
                .withMessage("task line labels texts, but example 1 of 60 is a prompt with a response");
    }

    @Test
    void newAdapter_baseThatPredictsNoTokens_isRefused() throws IOException {
        Path base = TinyBertFile.write(directory.resolve("bert.gguf"), 3);
        try (TransformerTrainers encoder = TransformerTrainers.open(base, MatrixBackends.select("reference"), 1)) {
            TaskSpec task = task(List.of(), "auto", null, encoder.model().sha256(), "bert");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> encoder.newAdapter(task))
                    .withMessage(
                            "task line has no labels and would learn to answer prompts, but a bert model predicts no"
                                    + " tokens");
        }
    }

    @Test
    void train_labelsOverADecoder_learnsToTellTheClassesApart() throws Exception {
        TaskSpec task = task(TinyBertFile.LABELS, "auto", null, trainers.model().sha256(), "llama");
        List<Example> examples = TinyBertFile.examples("a", 60, 1);
        LoraAdapter adapter = trainers.newAdapter(task);
        LocalTrainer trainer = trainers.over(examples).create(task, adapter);
        RoundTraining training = new RoundTraining(task, trainer, RoundBits.unpredictable());
        double before = trainers.evaluateLabels(task, adapter, examples).meanLoss();
        float[] parameters = adapter.parameters();

        for (int round = 1; round <= 6; round++) {
            parameters = training.train(round, parameters).parameters();
        }

        adapter.setParameters(parameters);
        assertThat(trainers.evaluateLabels(task, adapter, examples).meanLoss()).isLessThan(before / 2);
    }

    private LanguageEvaluation evaluate(TaskSpec task, LoraAdapter adapter) throws InterruptedException {
        return (LanguageEvaluation) trainers.evaluate(task, adapter, TinyLlamaFile.prompts("b", 40, 2));
    }

    private float[] trainOnce(TaskSpec task, TrainerFactory factory) throws Exception {
        LoraAdapter start = trainers.newAdapter(task);
        return new RoundTraining(task, factory.create(task, start.copy()), RoundBits.reproducibleNotPrivate(1))
                .train(1, start.parameters())
                .parameters();
    }

    private TaskSpec task(String template, @Nullable PrivacySpec privacy) {
        return task(List.of(), template, privacy, trainers.model().sha256(), "llama");
    }

    private static TaskSpec task(
            List<String> labels, String template, @Nullable PrivacySpec privacy, String sha256, String architecture) {
        TaskSpec like = new Federation(3).task(3);
        return new TaskSpec(
                like.task(),
                like.federation(),
                architecture,
                sha256,
                architecture.equals("bert") ? like.adapter() : TinyLlamaFile.ADAPTER,
                labels,
                32,
                like.rounds(),
                new LocalTraining(0.02, 0.05, 8, 1, 7),
                like.aggregation(),
                privacy,
                template);
    }
}
