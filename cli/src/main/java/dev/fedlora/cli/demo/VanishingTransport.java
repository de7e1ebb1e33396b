package dev.fedlora.cli.demo;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.transport.CoordinatorTransport;
import dev.fedlora.client.transport.RoundEndedException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongPredicate;

/**
 * A client's way to its coordinator that breaks in some rounds at the worst moment: the others' masks already contain this
 * client's, and its masked vector does not arrive. Nothing more is heard of it in that round; it is back for the next.
 */
final class VanishingTransport implements CoordinatorTransport {
    private final CoordinatorTransport way;
    private final LongPredicate vanishes;
    private long round;

    /** @param vanishes says in which rounds */
    VanishingTransport(CoordinatorTransport way, LongPredicate vanishes) {
        this.way = way;
        this.vanishes = vanishes;
    }

    @Override
    public TaskSpec task(String task) throws IOException, InterruptedException {
        return way.task(task);
    }

    @Override
    public Optional<SignedPlan> awaitPlan(String task, long afterRound, Duration wait)
            throws IOException, InterruptedException {
        Optional<SignedPlan> plan = way.awaitPlan(task, afterRound, wait);
        plan.ifPresent(signed -> round = signed.plan().round());
        return plan;
    }

    @Override
    public byte[] adapter(Bytes hash) throws IOException, InterruptedException {
        return way.adapter(hash);
    }

    @Override
    public void send(SessionId session, Phase phase, byte[] message) throws IOException, InterruptedException {
        way.send(session, phase, message);
    }

    @Override
    public void sendMasked(SessionId session, MaskedVector vector) throws IOException, InterruptedException {
        if (vanishes.test(round)) {
            throw new RoundEndedException(0, "vanished", "this client vanished, as --drop asks for");
        }
        way.sendMasked(session, vector);
    }

    @Override
    public Optional<ServerMessage> await(SessionId session, Phase phase, Duration wait)
            throws IOException, InterruptedException {
        return way.await(session, phase, wait);
    }

    @Override
    public void close() {
        way.close();
    }
}
