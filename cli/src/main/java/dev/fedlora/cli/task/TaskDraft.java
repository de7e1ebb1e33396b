package dev.fedlora.cli.task;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.client.config.ConfigurationException;
import dev.fedlora.client.config.Fields;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.data.PromptTemplate;
import dev.fedlora.lora.model.BaseModel;
import dev.fedlora.privacy.accounting.Accountants;
import dev.fedlora.privacy.accounting.Budget;
import dev.fedlora.privacy.accounting.Calibration;
import dev.fedlora.privacy.accounting.NoiseKind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The short form of a task, as a person writes it. In YAML, with what is taken for a field that is absent (those without
 * are required):
 *
 * <pre>
 * task: triage                      # letters, digits, '.', '_', '-'
 * federation: wards
 * rounds: 6
 * labels: those of the data         # of one client or of all, see --labels-from; or none: to answer prompts
 * template: auto                    # of prompts; auto is the base model's own
 * maxTokens: 128
 * adapter: {rank: 8, alpha: 16, targets: [attn_q, attn_v]}
 * training: {learningRate: 0.001, headLearningRate: 0.02, batchSize: 16, dataFraction: 0.3333333333333333, seed: 1}
 * aggregation:
 *   protocol: secagg                # or plain
 *   minimumSurvivors: 3
 *   corruptClients: 0
 *   clippingBound: 30
 *   weighting: examples             # or uniform; uniform when there is privacy
 *   weightCap: 400                  # examples from which on a client weighs 1; needed when weighting by examples
 *   deadlines: {keys: PT10M, others: PT2M}    # local training is in the first
 * privacy:                          # none when absent
 *   {epsilon: 8, delta: 1e-5, gradientClip: 1, samplingRate: 0.05, stepsPerRound: 10, unit: record,
 *    noiseMultiplier: the least that the budget allows}
 * </pre>
 *
 * <p>Used once.
 */
final class TaskDraft {
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    private static final int MANY = 1_000_000; // more of anything is a typing mistake
    private static final double POSITIVE = Double.MIN_NORMAL;
    /** A budget is met from below: figures are summed in another order when rounds are charged one by one. */
    private static final double MARGIN = 1 - 1e-9;

    private static final String NOISE = "noiseMultiplier";

    /** In place of labels, that there are none: one label alone would be refused anyway. */
    private static final List<String> NONE = List.of("none");

    private final Fields fields;
    private final OpenedBase base;
    private final BaseModel model;
    private final List<String> named; // labels in the draft, empty where it has none
    private final boolean generates;

    private enum Unit {
        RECORD,
        GROUP
    }

    private TaskDraft(Fields fields, OpenedBase base) {
        this.fields = fields;
        this.base = base;
        this.model = base.model();
        this.named = fields.has("labels") ? fields.texts("labels") : List.of();
        this.generates = named.equals(NONE);
    }

    /**
     * Reads a draft and completes it.
     *
     * @param base of the adapter
     * @param dataLabels for a draft without labels; none to require them there
     * @throws ConfigurationException listing every mistake in it
     * @throws IOException when the file cannot be read
     */
    static TaskSpec read(Path file, OpenedBase base, List<String> dataLabels) throws IOException {
        return new TaskDraft(Fields.read(file, YAML), base).complete(dataLabels);
    }

    private TaskSpec complete(List<String> dataLabels) {
        Fields privacyFields = fields.has("privacy") ? fields.object("privacy") : null;
        boolean isCalibrated = privacyFields != null && !privacyFields.has(NOISE);
        PrivacySpec privacy = privacyFields == null ? null : privacy(privacyFields);
        TaskSpec task = new TaskSpec(
                fields.text("task"),
                fields.text("federation"),
                model.architecture(),
                model.sha256(),
                adapter(fields.objectOrEmpty("adapter")),
                labels(dataLabels),
                (int) fields.whole("maxTokens", 3, MANY, 128),
                (int) fields.whole("rounds", 1, MANY),
                training(fields.objectOrEmpty("training")),
                aggregation(fields.objectOrEmpty("aggregation"), privacy != null),
                privacy,
                template());
        requireNoMistakes(task);
        return isCalibrated ? calibrated(task) : task;
    }

    /** A value that cannot be read stands as one in range, so the task's own checks find what else is wrong. */
    private void requireNoMistakes(TaskSpec task) {
        List<String> mistakes = new ArrayList<>();
        try {
            fields.finish();
        } catch (ConfigurationException found) {
            mistakes.addAll(found.mistakes());
        }
        List<String> told = List.copyOf(mistakes);
        for (String problem : task.problems()) {
            String field = problem.substring(0, problem.indexOf(' '));
            if (told.stream().noneMatch(mistake -> mistake.startsWith(field + ":"))) {
                mistakes.add(problem);
            }
        }
        if (!mistakes.isEmpty()) {
            throw new ConfigurationException(fields.source(), mistakes);
        }
    }

    private List<String> labels(List<String> dataLabels) {
        if (generates) {
            if (model.outputMatrix().isEmpty()) {
                fields.mistake("labels: none is for base models that predict tokens, and a %s model predicts none"
                        .formatted(model.architecture()));
            }
            return List.of();
        }
        if (fields.has("labels")) {
            return named;
        }
        if (dataLabels.isEmpty()) {
            fields.mistake("labels: missing, expected a list of texts, data that has them (--labels-from), or none, to"
                    + " answer prompts");
        }
        return dataLabels;
    }

    private String template() {
        String template = fields.has("template") ? fields.text("template") : TaskSpec.AUTO;
        if (generates && !template.isEmpty()) {
            try {
                PromptTemplate.of(template, base.file());
            } catch (IllegalArgumentException unknown) {
                fields.mistake("template: " + unknown.getMessage());
            }
        }
        return template;
    }

    private AdapterSpec adapter(Fields in) {
        int rank = (int) in.whole("rank", 1, MANY, 8);
        double alpha = in.number("alpha", 1e-6, MANY, 16); // a float must hold it
        List<String> targets = in.has("targets") ? in.texts("targets") : List.of("attn_q", "attn_v");
        AdapterSpec spec = new AdapterSpec(rank, (float) alpha, targets.isEmpty() ? List.of("attn_q") : targets);
        try {
            model.newAdapter(spec, List.of(), 0);
        } catch (IllegalArgumentException noSuchLayer) {
            in.mistake("targets: " + noSuchLayer.getMessage());
        }
        return spec;
    }

    private static LocalTraining training(Fields in) {
        return new LocalTraining(
                in.number("learningRate", POSITIVE, MANY, 1e-3),
                in.number("headLearningRate", POSITIVE, MANY, 2e-2),
                (int) in.whole("batchSize", 1, MANY, 16),
                in.number("dataFraction", POSITIVE, 1, 1.0 / 3),
                in.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE, 1));
    }

    private static AggregationSpec aggregation(Fields in, boolean isPrivate) {
        Weighting weighting =
                in.choice("weighting", Weighting.class, isPrivate ? Weighting.UNIFORM : Weighting.EXAMPLES);
        return new AggregationSpec(
                in.choice("protocol", Protocol.class, Protocol.SECAGG),
                (int) in.whole("minimumSurvivors", 1, MANY, 3),
                (int) in.whole("corruptClients", 0, MANY, 0),
                in.number("clippingBound", POSITIVE, MANY, 30),
                weighting,
                (int)
                        (weighting == Weighting.EXAMPLES
                                ? in.whole("weightCap", 1, MANY)
                                : in.whole("weightCap", 1, MANY, 1)),
                deadlines(in.objectOrEmpty("deadlines")));
    }

    private static PhaseDeadlines deadlines(Fields in) {
        return PhaseDeadlines.of(
                duration(in, "keys", Duration.ofMinutes(10)), duration(in, "others", Duration.ofMinutes(2)));
    }

    private static Duration duration(Fields in, String name, Duration otherwise) {
        String text = in.text(name, null);
        if (text == null) {
            return otherwise;
        }
        try {
            return Duration.parse(text);
        } catch (DateTimeParseException e) {
            in.mistake(name + ": expected a duration such as PT30S, got \"" + text + "\"");
            return otherwise;
        }
    }

    private static PrivacySpec privacy(Fields in) {
        return new PrivacySpec(
                in.number("epsilon", POSITIVE, MANY),
                in.number("delta", POSITIVE, Math.nextDown(1.0)),
                in.number(NOISE, POSITIVE, MANY, 1),
                in.number("gradientClip", POSITIVE, MANY),
                in.number("samplingRate", POSITIVE, 1),
                (int) in.whole("stepsPerRound", 1, MANY),
                in.choice("unit", Unit.class, Unit.RECORD).name().toLowerCase(Locale.ROOT));
    }

    private static TaskSpec calibrated(TaskSpec task) {
        PrivacySpec asked = task.privacy();
        @Nullable PrivacySpec privacy = asked == null ? null : withNoise(asked, task.rounds());
        return new TaskSpec(
                task.task(),
                task.federation(),
                task.architecture(),
                task.baseSha256(),
                task.adapter(),
                task.labels(),
                task.maxTokens(),
                task.rounds(),
                task.training(),
                task.aggregation(),
                privacy,
                task.template());
    }

    private static PrivacySpec withNoise(PrivacySpec privacy, int rounds) {
        double noise = Calibration.noiseMultiplier(
                Accountants.named(Accountants.DEFAULT),
                new Budget(privacy.epsilon() * MARGIN, privacy.delta()),
                privacy.samplingRate(),
                (long) privacy.stepsPerRound() * rounds,
                NoiseKind.DISCRETE);
        return new PrivacySpec(
                privacy.epsilon(),
                privacy.delta(),
                noise,
                privacy.gradientClip(),
                privacy.samplingRate(),
                privacy.stepsPerRound(),
                privacy.unit());
    }
}
