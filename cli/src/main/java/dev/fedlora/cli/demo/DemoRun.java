package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.lora.LoraAdapter;

/**
 * What is to be run.
 *
 * @param task its terms
 * @param initial adapter that everybody starts from
 * @param workshop what trains
 * @param table where it is shown
 * @param drop clients that vanish in every round
 */
record DemoRun(TaskSpec task, LoraAdapter initial, Workshop workshop, RoundTable table, int drop) {}
