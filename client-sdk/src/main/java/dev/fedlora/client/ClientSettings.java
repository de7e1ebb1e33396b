package dev.fedlora.client;

import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.training.RoundBits;
import dev.fedlora.client.training.TrainerFactory;
import java.nio.file.Path;

/** What this client's owner decided, the same for all tasks. */
record ClientSettings(
        Roster roster, ClientPolicy policy, TrainerFactory trainers, RoundBits bits, Path stateDirectory) {}
