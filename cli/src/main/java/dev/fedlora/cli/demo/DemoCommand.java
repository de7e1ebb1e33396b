package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.cli.artifact.AdapterExport;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.ComputeOptions;
import dev.fedlora.client.training.TransformerTrainers;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.tensor.MatrixBackend;
import dev.fedlora.privacy.accounting.Budget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora demo}: a federation on this machine. */
@Command(
        name = "demo",
        description = {
            "Run a whole federation on this machine: a coordinator and its clients, HTTP, secure aggregation, training,"
                    + " evaluation and export.",
            "Without --data, nine departments of a made-up hospital train on synthetic notes."
        })
public final class DemoCommand extends AnsweringCommand {
    private static final int SYNTHETIC_ROUNDS = 8;
    private static final int GIVEN_ROUNDS = 6;
    private static final int LEAST_CLIENTS = 3; // in a sum of two, each sees the other's update

    @ArgGroup(exclusive = false)
    private @Nullable DataOptions files;

    @Option(
            names = "--base",
            paramLabel = "MODEL",
            defaultValue = "all-minilm-l6-v2",
            description = "Base model: a GGUF file or a built-in one (default: ${DEFAULT-VALUE}).")
    private String base = "all-minilm-l6-v2";

    @Option(
            names = "--clients",
            paramLabel = "N",
            description = "How many clients take part, those with most data first (default: all; 9 where the data names"
                    + " none and is dealt out).")
    private @Nullable Integer clients;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Rounds; in each, a client passes over a third of its data (default: 8, with --data 6).")
    private @Nullable Integer rounds;

    @Option(
            names = "--no-secure-aggregation",
            description = "Send updates in the clear, to compare: the coordinator sees each of them.")
    private boolean plain;

    @ArgGroup(exclusive = false)
    private @Nullable BudgetOptions budget;

    @Option(
            names = "--drop",
            paramLabel = "N",
            defaultValue = "0",
            description = "Let N clients, others each time, vanish in every round after their masks are agreed.")
    private int drop;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "fedlora-demo",
            description = "Where to write the adapter (default: ./${DEFAULT-VALUE}).")
    private Path out = Path.of("fedlora-demo");

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Of the first adapter, the order of the examples and the synthetic notes (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Mixin
    private ComputeOptions compute;

    /** Data that is not made up. */
    static final class DataOptions {
        @Option(
                names = "--data",
                required = true,
                paramLabel = "FILE",
                description = "Training data: JSONL with {\"client\", \"text\", \"label\"} a line, or for decoders"
                        + " {\"client\", \"prompt\", \"response\"}.")
        private @Nullable Path data;

        @Option(
                names = "--test",
                required = true,
                paramLabel = "FILE",
                description = "The common test set, in the same form.")
        private @Nullable Path test;
    }

    /** Differential privacy. */
    static final class BudgetOptions {
        @Option(
                names = "--epsilon",
                required = true,
                paramLabel = "E",
                description = "Train with differential privacy of each example: all rounds together spend at most E.")
        private double epsilon;

        @Option(
                names = "--delta",
                paramLabel = "D",
                defaultValue = "1e-5",
                description = "Delta of that guarantee (default: ${DEFAULT-VALUE}).")
        private double delta = 1e-5;
    }

    @Override
    protected Answer answer() throws Exception {
        DemoSettings settings = fromOptions(this::settings);
        MatrixBackend backend = fromOptions(compute::backend);
        int threads = fromOptions(compute::threads);
        DemoData data = data();
        if (data.owners().size() < LEAST_CLIENTS) {
            throw wrongUsage("the demonstration needs at least %d clients, there are %d"
                    .formatted(LEAST_CLIENTS, data.owners().size()));
        }
        int most = DemoTask.mostVanishing(data.owners().size());
        if (drop > most) {
            int clients = data.owners().size();
            throw wrongUsage("--drop is %d, but of %d clients at most %d may vanish: %d must stay"
                    .formatted(drop, clients, most, clients - most));
        }
        AdapterExport.requireWritable(out);
        Interruption interruption = new Interruption();
        try (ScratchFolder folder = ScratchFolder.make()) {
            progress().println("data: " + data.source());
            progress().flush();
            Path baseFile = OpenedBase.locate(base);
            try (TransformerTrainers trainers = TransformerTrainers.open(baseFile, backend, threads)) {
                progress()
                        .println("base: %s (%s), frozen; back end %s, %d threads"
                                .formatted(base, trainers.model().architecture(), backend.name(), threads));
                return DemoAnswer.of(run(settings, data, trainers, folder));
            }
        } finally {
            interruption.over(); // after everything else is closed
        }
    }

    private DemoResult run(DemoSettings settings, DemoData data, TransformerTrainers trainers, ScratchFolder folder)
            throws Exception {
        TaskSpec task = fromOptions(() -> DemoTask.of(settings, trainers.model(), data));
        RoundTable table = new RoundTable(progress(), data.owners().size(), data.measure());
        DemoRun demo = new DemoRun(task, data, trainers, table, settings.drop());
        double base = demo.base();
        try (LocalFederation federation = new LocalFederation(folder.path(), data.owners());
                RoundWatch watch = new RoundWatch(demo)) {
            announce(task, data);
            table.begin();
            LoraAdapter trained = federation.run(demo, watch);
            List<RoundRow> rows = watch.rows();
            PrivacySpec privacy = task.privacy();
            LedgerCheck ledgers = privacy == null ? null : LedgerCheck.of(privacy, federation.ledgers(task));
            List<Double> alone = Alone.figures(demo);
            table.end();
            double figure = rows.get(rows.size() - 1).figure();
            AdapterExport export = AdapterExport.write(trained, GgufFile.open(OpenedBase.locate(this.base)), out);
            return new DemoResult(settings, data, base, figure, rows, alone, ledgers, export);
        }
    }

    private DemoSettings settings() {
        int usual = files == null ? SYNTHETIC_ROUNDS : GIVEN_ROUNDS;
        return new DemoSettings(
                rounds == null ? usual : rounds,
                !plain,
                budget == null ? null : new Budget(budget.epsilon, budget.delta),
                drop,
                seed);
    }

    private DemoData data() throws IOException {
        if (files == null || files.data == null || files.test == null) {
            return fromOptions(() -> DemoData.synthetic(clients, seed));
        }
        return DemoData.read(files.data, files.test, clients);
    }

    private void announce(TaskSpec task, DemoData data) {
        progress()
                .println("%d clients, %d examples; LoRA rank %d on %s, %s; %s"
                        .formatted(
                                data.owners().size(),
                                data.examples(),
                                task.adapter().rank(),
                                String.join(", ", task.adapter().targets()),
                                task.generates()
                                        ? "to answer prompts"
                                        : "and a head for %d labels"
                                                .formatted(data.labels().size()),
                                plain ? "NO secure aggregation" : "secure aggregation"));
        progress().println();
    }
}
