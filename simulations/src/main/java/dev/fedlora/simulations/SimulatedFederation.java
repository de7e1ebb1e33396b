package dev.fedlora.simulations;

import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.training.TransformerTrainers;

/** What a run is made of. */
record SimulatedFederation(Cohort cohort, TaskSpec task, TransformerTrainers trainers, long seed) {}
