package dev.fedlora.client.testing;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.transport.CoordinatorTransport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Passes everything on to another transport and notes the calls; tests override what is to go wrong. */
public class ScriptedTransport implements CoordinatorTransport {
    private final CoordinatorTransport target;
    private final List<String> calls = new ArrayList<>();

    /** Passes on to {@code target}. */
    public ScriptedTransport(CoordinatorTransport target) {
        this.target = target;
    }

    /** Returns the calls so far, such as "send KEYS". */
    public synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    /** Called before each call; may throw in its place. */
    protected void before(String call) throws IOException, InterruptedException {}

    private void note(String call) throws IOException, InterruptedException {
        synchronized (this) {
            calls.add(call);
        }
        before(call);
    }

    @Override
    public TaskSpec task(String task) throws IOException, InterruptedException {
        note("task");
        return target.task(task);
    }

    @Override
    public Optional<SignedPlan> awaitPlan(String task, long afterRound, Duration wait)
            throws IOException, InterruptedException {
        note("plan");
        return target.awaitPlan(task, afterRound, wait);
    }

    @Override
    public byte[] adapter(Bytes hash) throws IOException, InterruptedException {
        note("adapter");
        return target.adapter(hash);
    }

    @Override
    public void send(SessionId session, Phase phase, byte[] message) throws IOException, InterruptedException {
        note("send " + phase);
        target.send(session, phase, message);
    }

    @Override
    public void sendMasked(SessionId session, MaskedVector vector) throws IOException, InterruptedException {
        note("send MASKED");
        target.sendMasked(session, vector);
    }

    @Override
    public Optional<ServerMessage> await(SessionId session, Phase phase, Duration wait)
            throws IOException, InterruptedException {
        note("await " + phase);
        return target.await(session, phase, wait);
    }
}
