package dev.fedlora.client.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.testing.Federation;
import dev.fedlora.client.testing.TinyBertFile;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.train.LocalTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransformerTrainersTest {
    @TempDir
    Path directory;

    private Path base;
    private TransformerTrainers trainers;
    private final List<Example> examples = TinyBertFile.examples("a", 60, 1);

    @BeforeEach
    void open() throws IOException {
        base = TinyBertFile.write(directory.resolve("base.gguf"), 3);
        trainers = TransformerTrainers.open(base, MatrixBackends.select("reference"), 2);
    }

    @AfterEach
    void close() {
        trainers.close();
    }

    @Test
    void train_severalRounds_learnsToTellTheClassesApart() throws Exception {
        TaskSpec task = task(null, trainers.model().sha256());
        LoraAdapter start = trainers.newAdapter(task);
        LocalTrainer trainer = trainers.over(examples).create(task, start.copy());
        RoundTraining training = new RoundTraining(task, trainer, RoundBits.unpredictable());
        float[] parameters = start.parameters();
        double before = trainers.evaluate(task, start, examples).meanLoss();

        for (int round = 1; round <= 6; round++) {
            TrainedUpdate update = training.train(round, parameters);
            assertThat(update.examples()).isEqualTo(60);
            parameters = update.parameters();
        }

        LoraAdapter trained = start.copy();
        trained.setParameters(parameters);
        assertThat(trainers.evaluate(task, trained, examples).meanLoss()).isLessThan(before / 2);
        assertThat(trainers.evaluateLabels(task, trained, TinyBertFile.examples("b", 40, 2))
                        .accuracy())
                .isGreaterThanOrEqualTo(0.9);
    }

    @Test
    void train_withAPrivacyGuarantee_addsNoiseAndTellsNoCount() throws Exception {
        TaskSpec task = task(
                new PrivacySpec(8, 1e-5, 1, 1, 0.5, 4, "record"),
                trainers.model().sha256());
        float[] start = trainers.newAdapter(task).parameters();
        LocalTrainer trainer = trainers.over(examples).create(task, trainers.newAdapter(task));

        float[] once = new RoundTraining(task, trainer, RoundBits.reproducibleNotPrivate(1))
                .train(1, start)
                .parameters();
        TrainedUpdate again = new RoundTraining(task, trainer, RoundBits.reproducibleNotPrivate(1)).train(1, start);
        float[] other = new RoundTraining(task, trainer, RoundBits.unpredictable())
                .train(1, start)
                .parameters();

        assertThat(again.parameters()).isEqualTo(once);
        assertThat(other).isNotEqualTo(once);
        assertThat(again.examples()).isZero();
        assertThat(again.meanLoss()).isNaN();
    }

    @Test
    void create_fileOfExamples_givesTheSameAsTheExamples() throws Exception {
        TaskSpec task = task(null, trainers.model().sha256());
        Path file = TinyBertFile.writeJsonl(directory.resolve("notes.jsonl"), examples);
        float[] start = trainers.newAdapter(task).parameters();

        float[] fromFile = train(task, trainers.over(file), start);
        float[] fromMemory = train(task, trainers.over(examples), start);

        assertThat(fromFile).isEqualTo(fromMemory);
    }

    private float[] train(TaskSpec task, TrainerFactory factory, float[] start) throws Exception {
        LocalTrainer trainer = factory.create(task, trainers.newAdapter(task));
        return new RoundTraining(task, trainer, RoundBits.unpredictable())
                .train(1, start)
                .parameters();
    }

    @Test
    void create_taskForAnotherBase_isRefusedNamingBoth() {
        TaskSpec task = task(null, "cd".repeat(32));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainers.over(examples).create(task, Federation.adapter()))
                .withMessage(
                        "adapter/base mismatch: task line trains adapters for the bert model with SHA-256 %s,"
                                + " but %s is a bert model with SHA-256 %s",
                        "cd".repeat(32), base, trainers.model().sha256());
    }

    @Test
    void create_labelThatIsNotTheTasks_isRefusedNamingFileAndLine() throws IOException {
        TaskSpec task = task(null, trainers.model().sha256());
        Path file = directory.resolve("notes.jsonl");
        Files.writeString(file, """
                {"text": "what ward", "label": "ask"}
                {"text": "this ward", "label": "shout"}
                """);

        assertThatExceptionOfType(MalformedFileException.class)
                .isThrownBy(() -> trainers.over(file).create(task, trainers.newAdapter(task)))
                .withMessageContaining(file.toString())
                .withMessageContaining("2")
                .withMessageContaining("shout");
    }

    @Test
    void open_fileThatIsNoModel_isRefusedByName() throws IOException {
        Path file = Files.writeString(directory.resolve("x.gguf"), "not a model at all");

        assertThatExceptionOfType(MalformedFileException.class)
                .isThrownBy(() -> TransformerTrainers.open(file, MatrixBackends.select("reference"), 1))
                .withMessageContaining(file.toString());
    }

    private TaskSpec task(PrivacySpec privacy, String sha256) {
        TaskSpec like = new Federation(3).task(3, Protocol.SECAGG, 3, privacy);
        return new TaskSpec(
                like.task(),
                like.federation(),
                like.architecture(),
                sha256,
                like.adapter(),
                TinyBertFile.LABELS,
                like.maxTokens(),
                like.rounds(),
                like.training(),
                like.aggregation(),
                privacy);
    }
}
