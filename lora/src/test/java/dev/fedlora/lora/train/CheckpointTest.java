package dev.fedlora.lora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.model.ActivationPolicy;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.tensor.MatrixProducts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    private static final OptimizerPlan OPTIMIZER = new OptimizerPlan(0.02, 1, 0.01, 2, LearningRateSchedule.COSINE, 1);
    private static final TrainingPlan PLAN = new TrainingPlan(1, 1.5, 8, OPTIMIZER); // 5 steps
    private static final LoraOptions DROPOUT = new LoraOptions(false, 0.1f);
    private static final List<EncodedText> TEXTS = TinyTexts.texts(25, 1);
    private static final MatrixBackend REFERENCE = MatrixBackends.select("reference");

    @TempDir
    private Path folder;

    private TinyTexts task;

    @BeforeEach
    void prepare() {
        task = new TinyTexts(folder);
    }

    @Test
    void train_interruptedAtEveryStep_endsWithTheSameBytes() throws IOException, InterruptedException {
        for (LoraOptions options : List.of(DROPOUT, new LoraOptions(true, 0))) {
            Run whole = new Run(options, PLAN, 5, TEXTS);
            TrainingReport report = whole.train(folder.resolve("whole" + options.freezeA()), 100, 0);
            assertThat(report.steps()).isEqualTo(5);
            for (int every = 1; every <= 3; every++) {
                Path state = folder.resolve("state" + options.freezeA() + every);
                Run last = whole;
                TrainingReport resumed = null;
                while (resumed == null) { // each run takes one step more, in a new process's memory
                    last = new Run(options, PLAN, 5, TEXTS);
                    resumed = last.train(state, every, 1);
                }
                assertThat(AdapterBytes.encode(last.adapter)).isEqualTo(AdapterBytes.encode(whole.adapter));
                assertThat(resumed).isEqualTo(report);
            }
        }
    }

    @Test
    void train_processLostBetweenCheckpoints_takesTheStepsAgain() throws IOException, InterruptedException {
        Run whole = new Run(DROPOUT, PLAN, 5, TEXTS);
        whole.train(folder.resolve("whole"), 100, 0);
        Path state = folder.resolve("state");
        assertThatThrownBy(() -> new Run(DROPOUT, PLAN, 5, TEXTS).trainUntilLost(state, 2, 3))
                .hasMessage("lost");
        Run resumed = new Run(DROPOUT, PLAN, 5, TEXTS);
        assertThat(resumed.train(state, 2, 0).steps()).isEqualTo(5);
        assertThat(resumed.steps).isEqualTo(3); // 3, 4 and 5
        assertThat(AdapterBytes.encode(resumed.adapter)).isEqualTo(AdapterBytes.encode(whole.adapter));
        try (var files = Files.list(state)) {
            assertThat(files).hasSize(1); // no temporary file
        }
    }

    @Test
    void train_finishedCheckpoint_takesNoStep() throws IOException, InterruptedException {
        Run first = new Run(DROPOUT, PLAN, 5, TEXTS);
        first.train(folder.resolve("state"), 100, 0);
        Run again = new Run(DROPOUT, PLAN, 5, TEXTS);
        assertThat(again.train(folder.resolve("state"), 100, 0).steps()).isEqualTo(5);
        assertThat(again.steps).isZero();
        assertThat(again.adapter).isEqualTo(first.adapter);
    }

    @Test
    void train_checkpointOfAnotherTraining_isRefusedByName() throws IOException, InterruptedException {
        new Run(DROPOUT, PLAN, 5, TEXTS).train(folder.resolve("state"), 1, 0);
        assertRefused(new Run(DROPOUT, PLAN, 6, TEXTS), "its seed is 5, this one's is 6");
        assertRefused(new Run(DROPOUT, PLAN, 5, TinyTexts.texts(25, 2)), "its data is");
        assertRefused(new Run(DROPOUT, new TrainingPlan(1, 1.5, 7, OPTIMIZER), 5, TEXTS), "its plan is");
        assertRefused(new Run(LoraOptions.DEFAULT, PLAN, 5, TEXTS), "its variant is");
        Run otherRank = new Run(DROPOUT, PLAN, 5, TEXTS);
        otherRank.adapter = task.model.newAdapter(new AdapterSpec(3, 4, List.of("attn_q")), List.of(), 3);
        assertRefused(otherRank, "its adapter is");
        Run otherStart = new Run(DROPOUT, PLAN, 5, TEXTS);
        otherStart.adapter.factors().get(0).b()[0] = 1;
        assertRefused(otherStart, "its adapter at the start is");
        Run otherBase = new Run(DROPOUT, PLAN, 5, TEXTS);
        otherBase.adapter = new LoraAdapter(
                otherBase.adapter.architecture(),
                "0".repeat(64),
                otherBase.adapter.spec(),
                otherBase.adapter.factors(),
                null);
        assertThatThrownBy(() -> otherBase.train(folder.resolve("state"), 1, 0))
                .hasMessageContaining("was made for base model " + "0".repeat(64));
    }

    @Test
    void train_checkpointOfAnotherMachine_isRefusedByName() throws IOException, InterruptedException {
        new Run(DROPOUT, PLAN, 5, TEXTS).train(folder.resolve("state"), 1, 0);
        Run otherRows = new Run(DROPOUT, PLAN, 5, TEXTS);
        otherRows.memory = new MemoryPlan(ActivationPolicy.KEEP, 80, 2);
        assertRefused(otherRows, "its micro batch is 40 rows, this one's is 80 rows");
        Run otherBackend = new Run(DROPOUT, PLAN, 5, TEXTS);
        otherBackend.backend = named("other");
        assertRefused(otherBackend, "its back end is reference, this one's is other");
        Run otherThreads = new Run(DROPOUT, PLAN, 5, TEXTS);
        otherThreads.memory = new MemoryPlan(ActivationPolicy.RECOMPUTE, 40, 3);
        assertThat(otherThreads.train(folder.resolve("state"), 1, 0).steps()).isEqualTo(5);
    }

    private static MatrixBackend named(String name) {
        return new MatrixBackend() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public MatrixProducts open() {
                return REFERENCE.open();
            }
        };
    }

    @Test
    void train_brokenCheckpoint_isRefused() throws IOException, InterruptedException {
        Path file = folder.resolve("state/checkpoint.safetensors");
        new Run(DROPOUT, PLAN, 5, TEXTS).train(folder.resolve("state"), 1, 0);
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length / 2));
        assertRefused(new Run(DROPOUT, PLAN, 5, TEXTS), "checkpoint.safetensors");
        bytes[bytes.length - 1] = (byte) 0x7f; // the last value: not a number
        bytes[bytes.length - 2] = (byte) 0xff;
        Files.write(file, bytes);
        assertRefused(new Run(DROPOUT, PLAN, 5, TEXTS), "moments.second holds a value that is not a finite number");
        Files.writeString(file, "not a checkpoint");
        assertRefused(new Run(DROPOUT, PLAN, 5, TEXTS), "checkpoint.safetensors");
        assertThatThrownBy(() -> new CheckpointStore(folder, 0))
                .hasMessage("steps between checkpoints must be at least 1, got 0");
    }

    private void assertRefused(Run run, String why) {
        float[] before = run.adapter.parameters();
        assertThatThrownBy(() -> run.train(folder.resolve("state"), 1, 0))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining(why);
        assertThat(run.adapter.parameters()).isEqualTo(before);
    }

    private final class Run {
        private final LoraOptions options;
        private final TrainingPlan plan;
        private final long seed;
        private final List<EncodedText> texts;
        private LoraAdapter adapter = task.adapter();
        private MemoryPlan memory = new MemoryPlan(ActivationPolicy.KEEP, 40, 2);
        private MatrixBackend backend = REFERENCE;
        private int steps;

        Run(LoraOptions options, TrainingPlan plan, long seed, List<EncodedText> texts) {
            this.options = options;
            this.plan = plan;
            this.seed = seed;
            this.texts = texts;
        }

        /** @param most steps after which it is interrupted; 0 for never. Returns null when it was */
        TrainingReport train(Path state, int every, int most) throws IOException, InterruptedException {
            try {
                return train(state, every, () -> {
                    if (steps == most) {
                        Thread.currentThread().interrupt();
                    }
                });
            } catch (InterruptedException interrupted) {
                return null;
            } finally {
                Thread.interrupted(); // still set when the last step was interrupted
            }
        }

        void trainUntilLost(Path state, int every, int most) throws IOException, InterruptedException {
            train(state, every, () -> {
                if (steps == most) {
                    throw new IllegalStateException("lost"); // before the checkpoint of this step
                }
            });
        }

        private TrainingReport train(Path state, int every, Runnable afterStep)
                throws IOException, InterruptedException {
            try (WorkerPool pool = new WorkerPool(task.model, backend, memory)) {
                LoraTrainer trainer = new LoraTrainer(pool, adapter, options, texts, List.of());
                return trainer.train(
                        plan,
                        seed,
                        done -> {
                            steps++;
                            afterStep.run();
                        },
                        new CheckpointStore(state, every));
            }
        }
    }
}
