package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.KeyRoster;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.ShareDelivery;
import dev.fedlora.aggregation.wire.SignatureList;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongToIntFunction;

/** One round in memory: real sessions, every message through its bytes. Clients fall silent when they are told to. */
final class TestRound {
    /** Sends messages of all phases. */
    static final int NEVER = 5;

    final RoundPlan plan;
    final ServerSession server;
    final Map<Long, ClientSession> clients = new TreeMap<>();
    final Map<Long, int[]> inputs = new TreeMap<>();

    TestRound(TestFederation federation, RoundPlan plan) {
        this.plan = plan;
        this.server = new ServerSession(plan, federation.roster);
        CheckedPlan checked = federation.checked(plan);
        for (long id : federation.identities.keySet()) {
            clients.put(id, new ClientSession(checked, id, federation.identities.get(id), TestFederation.RANDOM));
            inputs.put(id, TestFederation.RANDOM.ints(plan.dimension()).toArray());
        }
    }

    static TestRound of(int clients, int dimension) {
        TestFederation federation = TestFederation.of(clients);
        return new TestRound(federation, federation.plan(dimension));
    }

    /** Plays the whole round; client c sends nothing from phase number {@code silentFrom(c)} on. */
    void play(LongToIntFunction silentFrom) {
        for (Phase phase : Phase.values()) {
            if (!playPhase(phase, silentFrom)) {
                return;
            }
        }
    }

    /** Plays and closes one phase; returns whether the round goes on. */
    boolean playPhase(Phase phase, LongToIntFunction silentFrom) {
        for (long id : clients.keySet()) {
            if (silentFrom.applyAsInt(id) > phase.ordinal()) {
                send(phase, id);
            }
        }
        server.closePhase();
        return !server.isOver();
    }

    /** Plays phases before {@code phase} with everyone. */
    TestRound upTo(Phase phase) {
        for (Phase before : Phase.values()) {
            if (before == phase) {
                break;
            }
            playPhase(before, id -> NEVER);
        }
        return this;
    }

    /** Lets client {@code id} send its message of {@code phase}. */
    void send(Phase phase, long id) {
        if (phase == Phase.MASKED) {
            upload(id, bytes(masked(id)), 1000);
        } else {
            server.receive(WireFormat.decodeClient(WireFormat.encode(message(phase, id))));
        }
    }

    MaskedVector masked(long id) {
        return clients.get(id).mask((ShareDelivery) answer(Phase.SHARES, id), inputs.get(id));
    }

    /** Returns the next message of client {@code id}, of a phase that is not MASKED. */
    ClientMessage message(Phase phase, long id) {
        ClientSession client = clients.get(id);
        return switch (phase) {
            case KEYS -> client.advertise();
            case SHARES -> client.share((KeyRoster) answer(Phase.KEYS, id));
            case SURVIVORS -> client.confirm((SurvivorList) answer(Phase.MASKED, id));
            case UNMASK -> client.unmask((SignatureList) answer(Phase.SURVIVORS, id));
            case MASKED -> throw new IllegalArgumentException("the vector is uploaded");
        };
    }

    ServerMessage answer(Phase phase, long id) {
        return WireFormat.decodeServer(
                WireFormat.encode(server.answer(phase, id).orElseThrow()));
    }

    void upload(long id, byte[] body, int chunk) {
        try (MaskedIntake intake = server.masked(id)) {
            for (int from = 0; from < body.length; from += chunk) {
                intake.add(ByteBuffer.wrap(body, from, Math.min(chunk, body.length - from)));
            }
            intake.commit();
        }
    }

    static byte[] bytes(MaskedVector vector) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            vector.writeTo(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the plain sum of the inputs of {@code ids}. */
    int[] plainSum(List<Long> ids) {
        int[] sum = new int[plan.dimension()];
        for (long id : ids) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += inputs.get(id)[i];
            }
        }
        return sum;
    }

    /** Returns whose vectors should be in the sum; nothing when the round should be aborted. */
    List<Long> expectedSurvivors(LongToIntFunction silentFrom) {
        List<Long> survivors = new ArrayList<>();
        int[] heard = new int[5];
        for (long id : clients.keySet()) {
            int from = silentFrom.applyAsInt(id);
            for (int phase = 0; phase < from; phase++) {
                heard[phase]++;
            }
            if (from > Phase.MASKED.ordinal()) {
                survivors.add(id);
            }
        }
        boolean isEnough = heard[2] >= plan.requiredClients() && heard[4] >= plan.threshold();
        return isEnough ? survivors : List.of();
    }
}
