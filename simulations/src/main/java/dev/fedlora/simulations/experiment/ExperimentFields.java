package dev.fedlora.simulations.experiment;

import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.client.config.Fields;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.data.ChatTemplates;
import dev.fedlora.simulations.partition.DirichletPartitioner;
import dev.fedlora.simulations.partition.NaturalPartitioner;
import dev.fedlora.simulations.partition.Partitioner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads the fields of one experiment. Every value that is returned is in range, so that all mistakes are found. */
final class ExperimentFields {
    // more of anything is a typing mistake
    private static final int MANY = 1_000_000;
    private static final double POSITIVE = Double.MIN_NORMAL;

    private final Fields fields;
    private final Path file;
    private final Function<String, Path> baseModels;

    private enum Kind {
        NATURAL,
        DIRICHLET
    }

    private enum Unit {
        RECORD,
        GROUP
    }

    ExperimentFields(Fields fields, Path file, Function<String, Path> baseModels) {
        this.fields = fields;
        this.file = file;
        this.baseModels = baseModels;
    }

    Experiment read() {
        String name = fields.text("name");
        if (!name.isEmpty() && !name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")) {
            fields.mistake("name: expected 1 to 100 letters, digits, '.', '_' or '-', got \"" + name + "\"");
        }
        List<Path> data = fields.texts("data").stream()
                .map(each -> existing("data", beside(each)))
                .toList();
        Path test = named("test", this::beside);
        Path baseModel = named("baseModel", baseModels);
        Partitioner partition = partition(fields.object("partition"));
        int rounds = (int) fields.whole("rounds", 1, MANY);
        long seed = fields.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE, 1);
        int maxTokens = (int) fields.whole("maxTokens", 3, MANY, 128);
        String template = template();
        AdapterSpec adapter = adapter(fields.objectOrEmpty("adapter"));
        LocalTraining training = training(fields.objectOrEmpty("training"), seed);
        @Nullable PrivacySpec privacy = fields.has("privacy") ? privacy(fields.object("privacy")) : null;
        AggregationChoice aggregation = aggregation(fields.objectOrEmpty("aggregation"), privacy != null);
        fields.finish();
        return new Experiment(
                name,
                data,
                test,
                baseModel,
                partition,
                rounds,
                seed,
                maxTokens,
                adapter,
                training,
                aggregation,
                privacy,
                template);
    }

    private String template() {
        String template = fields.has("template") ? fields.text("template") : ChatTemplates.AUTO;
        if (!template.isEmpty() && !ChatTemplates.names().contains(template)) {
            fields.mistake("template: expected one of %s, got \"%s\"".formatted(ChatTemplates.names(), template));
        }
        return template;
    }

    private Path beside(String name) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? Path.of(name) : folder.resolve(name);
    }

    private Path named(String field, Function<String, Path> paths) {
        String name = fields.text(field);
        return name.isEmpty() ? file : existing(field, paths.apply(name));
    }

    private Path existing(String field, Path path) {
        if (!Files.isRegularFile(path)) {
            fields.mistake(field + ": there is no file " + path);
        }
        return path;
    }

    private static Partitioner partition(Fields in) {
        if (in.choice("kind", Kind.class, Kind.NATURAL) == Kind.NATURAL) {
            return new NaturalPartitioner();
        }
        double alpha = in.number("alpha", DirichletPartitioner.LEAST_ALPHA, MANY);
        return new DirichletPartitioner(alpha, (int) in.whole("clients", 1, MANY));
    }

    private static AdapterSpec adapter(Fields in) {
        int rank = (int) in.whole("rank", 1, MANY, 8);
        double alpha = in.number("alpha", 1e-6, MANY, 16); // a float must hold it
        List<String> targets = in.has("targets") ? in.texts("targets") : List.of("attn_q", "attn_v");
        return new AdapterSpec(rank, (float) alpha, targets.isEmpty() ? List.of("attn_q") : targets);
    }

    private static LocalTraining training(Fields in, long seed) {
        return new LocalTraining(
                in.number("learningRate", POSITIVE, MANY, 1e-3),
                in.number("headLearningRate", POSITIVE, MANY, 2e-2),
                (int) in.whole("batchSize", 1, MANY, 16),
                in.number("dataFraction", POSITIVE, 1, 1.0 / 3),
                seed);
    }

    private static AggregationChoice aggregation(Fields in, boolean isPrivate) {
        Weighting usual = isPrivate ? Weighting.UNIFORM : Weighting.EXAMPLES;
        Weighting weighting = in.choice("weighting", Weighting.class, usual);
        if (isPrivate && weighting != Weighting.UNIFORM) {
            in.mistake("weighting: expected uniform with privacy, whose guarantee does not cover example counts");
        }
        return new AggregationChoice(
                in.choice("protocol", Protocol.class, Protocol.SECAGG),
                (int) in.whole("minimumSurvivors", 1, MANY, 0),
                (int) in.whole("corruptClients", 0, MANY, 0),
                in.number("clippingBound", POSITIVE, MANY, 30),
                weighting,
                (int) in.whole("weightCap", 1, MANY, 0));
    }

    private static PrivacySpec privacy(Fields in) {
        return new PrivacySpec(
                in.number("epsilon", POSITIVE, MANY),
                in.number("delta", POSITIVE, Math.nextDown(1.0)),
                in.number("noiseMultiplier", POSITIVE, MANY),
                in.number("gradientClip", POSITIVE, MANY),
                in.number("samplingRate", POSITIVE, 1),
                (int) in.whole("stepsPerRound", 1, MANY),
                in.choice("unit", Unit.class, Unit.RECORD).name().toLowerCase(java.util.Locale.ROOT));
    }
}
