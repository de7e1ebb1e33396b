package dev.fedlora.cli.secagg;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.secagg.CheckedPlan;
import dev.fedlora.aggregation.secagg.ClientPolicy;
import dev.fedlora.aggregation.secagg.ClientSession;
import dev.fedlora.aggregation.secagg.GraphParameters;
import dev.fedlora.aggregation.secagg.MaskedIntake;
import dev.fedlora.aggregation.secagg.PlanChecks;
import dev.fedlora.aggregation.secagg.RoundPlans;
import dev.fedlora.aggregation.secagg.ServerSession;
import dev.fedlora.aggregation.wire.AggregationSpec;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.KeyRoster;
import dev.fedlora.aggregation.wire.LocalTraining;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.ShareDelivery;
import dev.fedlora.aggregation.wire.SignatureList;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.Weighting;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.lora.AdapterSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** One round of secure aggregation in this process, with the time that each side computes. Used once. */
final class MeasuredRound {
    private static final int CHUNK = 1 << 16; // about what arrives at once from a network

    private final SecureRandom random = new SecureRandom();
    private final int lost;
    private final int[] plainSum;
    private final long seed;
    private final List<ClientSession> clients = new ArrayList<>();
    private final ServerSession server;

    private final long[] clientNanos;
    private long serverNanos;
    private long uploadBytes;

    /**
     * What was measured.
     *
     * @param clientMillis computing time of one client, median over those that stayed
     * @param serverMillis computing time of the server
     * @param uploadBytes of one client that stayed, all its messages
     * @param isExact whether the sum is the plain one, bit by bit
     */
    record Result(double clientMillis, double serverMillis, long uploadBytes, boolean isExact) {}

    private MeasuredRound(TaskSpec task, List<IdentityKeys> identities, int dimension, int lost) {
        this.lost = lost;
        this.plainSum = new int[dimension];
        this.clientNanos = new long[identities.size()];
        this.seed = random.nextLong();
        Roster roster = roster(identities);
        RoundPlan plan = RoundPlans.plan(
                task, roster, new RoundPlans.Start(1, Bytes.sha256(new byte[0]), dimension - 1), random);
        IdentityKeys coordinator = IdentityKeys.generate(random);
        CheckedPlan checked = PlanChecks.check(
                SignedPlan.sign(plan, coordinator),
                new PlanChecks.Known(Bytes.of(coordinator.publicKey()), roster, task, 0, ClientPolicy.LEAST));
        server = new ServerSession(plan, roster);
        for (int i = 0; i < identities.size(); i++) {
            clients.add(new ClientSession(checked, i + 1L, identities.get(i), random));
        }
    }

    /**
     * Makes a round.
     *
     * @param clients n, 3 to 128
     * @param dimension of the vectors, at least 2
     * @param lost clients that send no vector
     * @throws IllegalArgumentException when a number is out of its range or too few clients are left
     */
    static MeasuredRound of(int clients, int dimension, int lost) {
        int threshold = GraphParameters.forClients(clients, 0).threshold();
        if (clients - lost < threshold) {
            throw new IllegalArgumentException(
                    "of %d clients at most %d may be lost, got %d".formatted(clients, clients - threshold, lost));
        }
        SecureRandom random = new SecureRandom();
        List<IdentityKeys> identities = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            identities.add(IdentityKeys.generate(random));
        }
        return new MeasuredRound(task(), identities, dimension, lost);
    }

    /** Only the parts that concern aggregation matter here. */
    private static TaskSpec task() {
        Duration generous = Duration.ofHours(1);
        return new TaskSpec(
                "bench",
                "bench",
                "none",
                "0".repeat(64),
                new AdapterSpec(1, 1, List.of("none")),
                List.of(),
                1,
                1,
                new LocalTraining(1, 1, 1, 1, 1),
                new AggregationSpec(
                        Protocol.SECAGG, 2, 0, 1, Weighting.UNIFORM, 1, PhaseDeadlines.of(generous, generous)),
                null);
    }

    private static Roster roster(List<IdentityKeys> identities) {
        List<RosterEntry> entries = new ArrayList<>();
        for (IdentityKeys keys : identities) {
            int id = entries.size() + 1;
            entries.add(new RosterEntry(id, "client-" + id, Bytes.of(keys.publicKey())));
        }
        return new Roster(entries);
    }

    /** Plays all five phases. */
    Result run() {
        int staying = clients.size() - lost;
        for (Phase phase : Phase.values()) {
            int sending = phase.compareTo(Phase.MASKED) < 0 ? clients.size() : staying;
            for (int client = 0; client < sending; client++) {
                send(phase, client, client < staying);
            }
            serverDoes(() -> {
                server.closePhase();
                return true;
            });
        }
        for (int client = 0; client < staying; client++) {
            int[] vector = input(client);
            for (int i = 0; i < plainSum.length; i++) {
                plainSum[i] += vector[i];
            }
        }
        boolean isExact = Arrays.equals(plainSum, server.outcome().orElseThrow().sum());
        return new Result(medianMillis(staying), serverNanos / 1e6, uploadBytes / staying, isExact);
    }

    private double medianMillis(int staying) {
        long[] sorted = Arrays.copyOf(clientNanos, staying);
        Arrays.sort(sorted);
        return (sorted[(staying - 1) / 2] + sorted[staying / 2]) / 2e6;
    }

    /** Made anew each time: the vectors of a hundred clients need not fit into memory. */
    private int[] input(int client) {
        return new SplittableRandom(seed + client).ints(plainSum.length).toArray();
    }

    private void send(Phase phase, int client, boolean isCounted) {
        byte[] body = phase == Phase.MASKED ? masked(client) : WireFormat.encode(message(phase, client));
        if (isCounted) {
            uploadBytes += body.length;
        }
        serverDoes(() -> {
            if (phase == Phase.MASKED) {
                upload(client, body);
            } else {
                server.receive(WireFormat.decodeClient(body));
            }
            return true;
        });
    }

    private ClientMessage message(Phase phase, int client) {
        ClientSession session = clients.get(client);
        return switch (phase) {
            case KEYS -> clientDoes(client, session::advertise);
            case SHARES -> {
                KeyRoster keys = (KeyRoster) answer(Phase.KEYS, client);
                yield clientDoes(client, () -> session.share(keys));
            }
            case SURVIVORS -> {
                SurvivorList survivors = (SurvivorList) answer(Phase.MASKED, client);
                yield clientDoes(client, () -> session.confirm(survivors));
            }
            case UNMASK -> {
                SignatureList signatures = (SignatureList) answer(Phase.SURVIVORS, client);
                yield clientDoes(client, () -> session.unmask(signatures));
            }
            case MASKED -> throw new IllegalStateException("the vector is no message");
        };
    }

    private byte[] masked(int client) {
        ShareDelivery shares = (ShareDelivery) answer(Phase.SHARES, client);
        int[] vector = input(client);
        return clientDoes(client, () -> bytes(clients.get(client).mask(shares, vector)));
    }

    private void upload(int client, byte[] body) {
        try (MaskedIntake intake = server.masked(client + 1L)) {
            for (int from = 0; from < body.length; from += CHUNK) {
                intake.add(ByteBuffer.wrap(body, from, Math.min(CHUNK, body.length - from)));
            }
            intake.commit();
        }
    }

    private ServerMessage answer(Phase phase, int client) {
        byte[] body = serverDoes(
                () -> WireFormat.encode(server.answer(phase, client + 1L).orElseThrow()));
        return clientDoes(client, () -> WireFormat.decodeServer(body));
    }

    private <T> T clientDoes(int client, Supplier<T> work) {
        long start = System.nanoTime();
        T result = work.get();
        clientNanos[client] += System.nanoTime() - start;
        return result;
    }

    private <T> T serverDoes(Supplier<T> work) {
        long start = System.nanoTime();
        T result = work.get();
        serverNanos += System.nanoTime() - start;
        return result;
    }

    private static byte[] bytes(MaskedVector vector) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(Math.toIntExact(vector.byteCount()));
        try {
            vector.writeTo(out);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return out.toByteArray();
    }
}
