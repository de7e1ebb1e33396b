package dev.fedlora.client;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.client.transport.CoordinatorTransport;
import dev.fedlora.client.transport.Retry;
import dev.fedlora.client.transport.WaitingTime;
import java.security.SecureRandom;

/** Who this client is and what it works with, the same for all rounds. */
record Surroundings(
        CoordinatorTransport transport,
        long clientId,
        IdentityKeys identity,
        Bytes coordinatorKey,
        SecureRandom random,
        WaitingTime time,
        Retry retry,
        ProgressListener listener) {}
