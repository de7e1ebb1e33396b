package dev.fedlora.cli.demo;

import dev.fedlora.cli.artifact.AdapterExport;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the demonstration came to.
 *
 * @param settings that were asked for
 * @param data that was used
 * @param base figure of what is reached without learning
 * @param figure of the federation's last adapter
 * @param rounds in order
 * @param alone figure of each owner alone, in the order of the owners
 * @param ledgers as checked, or null without a guarantee
 * @param export where the adapter is
 */
record DemoResult(
        DemoSettings settings,
        DemoData data,
        double base,
        double figure,
        List<RoundRow> rounds,
        List<Double> alone,
        @Nullable LedgerCheck ledgers,
        AdapterExport export) {}
