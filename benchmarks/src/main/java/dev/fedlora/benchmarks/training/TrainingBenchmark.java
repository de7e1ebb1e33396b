package dev.fedlora.benchmarks.training;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.lora.model.BaseModels;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.lora.tensor.MatrixBackends;
import dev.fedlora.lora.train.Evaluator;
import dev.fedlora.lora.train.LoraOptions;
import dev.fedlora.lora.train.LoraTrainer;
import dev.fedlora.lora.train.MemoryPlan;
import dev.fedlora.lora.train.OptimizerPlan;
import dev.fedlora.lora.train.TrainingPlan;
import dev.fedlora.lora.train.WorkerPool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Measures LoRA training steps of a language model: rank 8 on queries, keys, values and attention output, loss over the
 * whole vocabulary at every position but a text's last, AdamW. The product's own trainer does the work.
 *
 * <p>The result is checked: the loss of the same texts must have fallen, and a back end that computes in float must find the
 * same losses for the trained adapter.
 */
public final class TrainingBenchmark {
    private static final int RANK = 8;
    private static final List<String> TARGETS = List.of("attn_q", "attn_k", "attn_v", "attn_output");
    // high, so that a few steps move the loss by more than bfloat16's rounding
    private static final double LEARNING_RATE = 3e-3;
    // of a mean loss, between bfloat16 and float: operands are off by 2^-9 each, and errors of many tokens cancel
    private static final double TOLERANCE = 0.01;
    private static final long SEED = 20_260_823;

    private final BaseModel model;
    private final MatrixBackend backend;
    private final Settings settings;

    /**
     * What is measured.
     *
     * @param batch sequences a step
     * @param tokens of a sequence
     * @param warmUpSteps that are not measured: the JVM compiles
     * @param steps that are measured
     * @param threads that compute
     * @param memoryBytes budget of the training, or 0 for none
     */
    public record Settings(int batch, int tokens, int warmUpSteps, int steps, int threads, long memoryBytes) {
        /** @throws IllegalArgumentException naming the first value that is out of its range */
        public Settings {
            require("batch", 1, batch);
            require("tokens", 2, tokens);
            require("warm-up steps", 0, warmUpSteps);
            require("steps", 1, steps);
            require("threads", 1, threads);
        }

        private static void require(String what, int least, int got) {
            if (got < least) {
                throw new IllegalArgumentException("%s must be at least %d, got %d".formatted(what, least, got));
            }
        }
    }

    /**
     * What came out.
     *
     * @param backend that computed
     * @param plan how memory was used
     * @param secondsPerStep of the measured steps, in their order
     * @param tokensPerStep all positions count
     * @param firstLoss mean loss in the first step, in nats
     * @param lastLoss mean loss in the last step
     * @param checkedLoss mean loss of the trained adapter by the back end that checks
     * @param measuredLoss the same by the one that was measured
     * @param peakResidentBytes of the process while it trained, where the system tells
     */
    public record Result(
            String backend,
            MemoryPlan plan,
            List<Double> secondsPerStep,
            int tokensPerStep,
            double firstLoss,
            double lastLoss,
            double checkedLoss,
            double measuredLoss,
            OptionalLong peakResidentBytes) {
        public Result {
            secondsPerStep = List.copyOf(secondsPerStep);
        }

        /** Returns the median speed. */
        public double tokensPerSecond() {
            return tokensPerStep / quantile(0.5);
        }

        /** Returns the speed of the fastest step. */
        public double bestTokensPerSecond() {
            return tokensPerStep / quantile(0);
        }

        private double quantile(double share) {
            List<Double> sorted = secondsPerStep.stream().sorted().toList();
            return sorted.get((int) (share * (sorted.size() - 1)));
        }
    }

    private TrainingBenchmark(BaseModel model, MatrixBackend backend, Settings settings) {
        this.model = model;
        this.backend = backend;
        this.settings = settings;
    }

    /**
     * Measures training over a model.
     *
     * @param file GGUF file of a model that predicts tokens; its vocabulary is not needed
     * @param progress told about every step
     * @throws IllegalArgumentException when the file holds no such model, or the settings do not fit it
     * @throws IllegalStateException when the result is wrong
     * @throws IOException when the file cannot be read
     * @throws InterruptedException when the thread is interrupted
     */
    public static Result run(Path file, MatrixBackend backend, Settings settings, Consumer<String> progress)
            throws IOException, InterruptedException {
        BaseModel model = BaseModels.of(GgufFile.open(file));
        if (model.outputMatrix().isEmpty()) {
            throw new IllegalArgumentException(
                    "%s holds a %s model, which does not predict tokens".formatted(file, model.architecture()));
        }
        return new TrainingBenchmark(model, backend, settings).run(progress);
    }

    private Result run(Consumer<String> progress) throws InterruptedException {
        List<EncodedText> texts = texts();
        LoraAdapter adapter = model.newAdapter(new AdapterSpec(RANK, 2 * RANK, TARGETS), List.of(), SEED);
        MemoryPlan memory = memory(adapter, texts);
        List<Double> seconds = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        OptionalLong peak;
        double measured;
        try (WorkerPool pool = new WorkerPool(model, backend, memory)) {
            train(new LoraTrainer(pool, adapter, texts, List.of()), seconds, losses, progress);
            peak = ResidentMemory.peakBytes();
            measured = loss(pool, adapter, texts);
        }
        progress.accept("checking the result");
        double checked;
        try (WorkerPool pool = new WorkerPool(model, checking(), settings.threads())) {
            checked = loss(pool, adapter, texts);
        }
        Result result = new Result(
                backend.name(),
                memory,
                seconds,
                settings.batch() * settings.tokens(),
                losses.get(0),
                losses.get(losses.size() - 1),
                checked,
                measured,
                peak);
        requireRight(result);
        return result;
    }

    /** Random tokens; each but the first is predicted, so that a text of T tokens has T - 1 losses. */
    private List<EncodedText> texts() {
        SplittableRandom random = new SplittableRandom(SEED);
        List<EncodedText> texts = new ArrayList<>();
        for (int i = 0; i < settings.batch(); i++) {
            int[] tokens = random.ints(settings.tokens(), 0, model.vocabulary()).toArray();
            boolean[] learned = new boolean[tokens.length];
            Arrays.fill(learned, 1, learned.length, true);
            texts.add(new EncodedText(tokens, learned, null));
        }
        return texts;
    }

    private MemoryPlan memory(LoraAdapter adapter, List<EncodedText> texts) {
        if (settings.memoryBytes() == 0) {
            return MemoryPlan.unlimited(settings.threads());
        }
        MemoryPlan.Demand demand = MemoryPlan.Demand.of(model, adapter, LoraOptions.DEFAULT, texts, false);
        return MemoryPlan.within(settings.memoryBytes(), demand, settings.threads());
    }

    private void train(LoraTrainer trainer, List<Double> seconds, List<Double> losses, Consumer<String> progress)
            throws InterruptedException {
        int steps = settings.warmUpSteps() + settings.steps();
        OptimizerPlan optimizer = OptimizerPlan.constant(LEARNING_RATE, LEARNING_RATE);
        TrainingPlan plan = new TrainingPlan(0, steps, settings.batch(), optimizer);
        long[] last = {System.nanoTime()};
        trainer.train(plan, SEED, step -> {
            long now = System.nanoTime();
            double took = (now - last[0]) / 1e9;
            last[0] = now;
            losses.add(step.loss());
            if (step.step() > settings.warmUpSteps()) {
                seconds.add(took);
            }
            progress.accept("step %d of %d: loss %.4f, %.0f tokens/s%s"
                    .formatted(
                            step.step(),
                            steps,
                            step.loss(),
                            settings.batch() * settings.tokens() / took,
                            step.step() > settings.warmUpSteps() ? "" : " (warming up)"));
        });
    }

    private double loss(WorkerPool pool, LoraAdapter adapter, List<EncodedText> texts) throws InterruptedException {
        return new Evaluator(pool).evaluateTexts(model.bind(adapter), texts).meanLoss();
    }

    /** In float, and as unlike what is measured as there is. */
    private MatrixBackend checking() {
        String name = backend.name().equals("vector") ? "onednn-f32" : "vector";
        try {
            return MatrixBackends.select(name);
        } catch (IllegalStateException missing) {
            return MatrixBackends.select("reference");
        }
    }

    private static void requireRight(Result result) {
        if (!(result.measuredLoss() < result.firstLoss())) {
            throw new IllegalStateException(
                    "wrong result: the loss was %s before the first step and is %s after the last"
                            .formatted(result.firstLoss(), result.measuredLoss()));
        }
        if (!(Math.abs(result.measuredLoss() - result.checkedLoss()) <= TOLERANCE * result.checkedLoss())) {
            throw new IllegalStateException("wrong result: the trained adapter's loss is %s, in float it is %s"
                    .formatted(result.measuredLoss(), result.checkedLoss()));
        }
    }
}
