package dev.fedlora.aggregation.wire;

import java.util.List;

/**
 * The parameters of one round, fixed before its first message and signed by the coordinator. Its hash is the session id,
 * so two clients that were shown different plans, models or rosters derive masks that do not cancel. Immutable.
 *
 * <p>The rounding parameter beta = exp(-1/2) belongs to the protocol version.
 *
 * @param protocolVersion {@link #VERSION}
 * @param federation name
 * @param task name
 * @param round from 1
 * @param taskHash of the {@link TaskSpec}
 * @param adapterHash SHA-256 of the adapter's bytes that the round starts from
 * @param rosterHash of the {@link Roster}
 * @param protocol masked or in the clear
 * @param clients n, the most clients that may take part
 * @param neighbours k, with how many others a client shares and masks: n - 1, the complete graph; 0 in the clear
 * @param threshold t, how many shares restore a secret; 0 in the clear
 * @param minimumSurvivors fewer vectors abort the round
 * @param corruptClients c, clients assumed to work with the coordinator: 2t &gt; n + c
 * @param dimension d, coordinates of a vector: the adapter's parameters and one for the weight
 * @param modulusBits 32
 * @param scale ring units in one unit of an update
 * @param clippingBound C, L2 norm that an update is clipped to
 * @param deadlines of the phases
 * @param nonce 32 random bytes
 */
public record RoundPlan(
        int protocolVersion,
        String federation,
        String task,
        long round,
        Bytes taskHash,
        Bytes adapterHash,
        Bytes rosterHash,
        Protocol protocol,
        int clients,
        int neighbours,
        int threshold,
        int minimumSurvivors,
        int corruptClients,
        int dimension,
        int modulusBits,
        double scale,
        double clippingBound,
        PhaseDeadlines deadlines,
        Bytes nonce) {
    /** The version of protocol and wire format that this code speaks. */
    public static final int VERSION = 1;
    /** Bits of the ring: an int that wraps around. */
    public static final int MODULUS_BITS = 32;
    /** Most coordinates: 1 GiB of upload. */
    public static final int MAX_DIMENSION = 1 << 28;
    /** Most clients of one complete graph; its costs grow with the square. */
    public static final int MAX_CLIENTS = 128;

    private static final String DOMAIN = "fedlora plan v1";

    /** @throws IllegalArgumentException naming everything that is wrong with the plan */
    public RoundPlan {
        Problems problems = new Problems();
        problems.require(protocolVersion == VERSION, "protocolVersion must be " + VERSION + ", got " + protocolVersion);
        problems.name("federation", federation);
        problems.name("task", task);
        problems.require(
                round >= 1 && round <= Integer.MAX_VALUE,
                "round must be from 1 to " + Integer.MAX_VALUE + ", got " + round);
        problems.size("taskHash", Sizes.HASH, taskHash);
        problems.size("adapterHash", Sizes.HASH, adapterHash);
        problems.size("rosterHash", Sizes.HASH, rosterHash);
        problems.size("nonce", Sizes.NONCE, nonce);
        problems.require(
                dimension >= 2 && dimension <= MAX_DIMENSION,
                "dimension must be from 2 to " + MAX_DIMENSION + ", got " + dimension);
        problems.require(modulusBits == MODULUS_BITS, "modulusBits must be 32, got " + modulusBits);
        addClientProblems(problems, clients, minimumSurvivors, corruptClients);
        addGraphProblems(
                problems, protocol, new int[] {clients, neighbours, threshold, minimumSurvivors, corruptClients});
        addScaleProblems(problems, clients, scale, clippingBound);
        if (problems.isPresent("deadlines", deadlines)) {
            deadlines.addProblems(problems);
        }
        Problems.refuse("round plan", problems.found());
    }

    private static void addClientProblems(Problems problems, int clients, int minimumSurvivors, int corruptClients) {
        problems.require(
                clients >= 1 && clients <= MAX_CLIENTS,
                "clients must be from 1 to " + MAX_CLIENTS + ", got " + clients);
        problems.require(
                minimumSurvivors >= 1 && minimumSurvivors <= clients,
                "minimumSurvivors must be from 1 to clients, got " + minimumSurvivors + " of " + clients);
        problems.require(
                corruptClients >= 0 && corruptClients < clients,
                "corruptClients must be from 0 to clients - 1, got " + corruptClients + " of " + clients);
    }

    /** {@code sizes}: n, k, t, minimum of survivors, c. */
    private static void addGraphProblems(Problems problems, Protocol protocol, int[] sizes) {
        if (!problems.isPresent("protocol", protocol)) {
            return;
        }
        int n = sizes[0];
        int k = sizes[1];
        int t = sizes[2];
        if (protocol == Protocol.PLAIN) {
            problems.require(k == 0 && t == 0, "neighbours and threshold must be 0 in the clear, got " + k + ", " + t);
            return;
        }
        problems.atLeast("clients", 3, n);
        problems.require(k == n - 1, "neighbours must be clients - 1, got " + k + " of " + n);
        problems.require(
                t <= n && 2L * t > (long) n + sizes[4],
                "threshold t must be at most n with 2t > n + c, got t=%d, n=%d, c=%d".formatted(t, n, sizes[4]));
        problems.require(
                sizes[3] - sizes[4] >= 2,
                "minimumSurvivors must exceed corruptClients by at least 2, got " + sizes[3] + " and " + sizes[4]);
    }

    private static void addScaleProblems(Problems problems, int clients, double scale, double clippingBound) {
        problems.positive("scale", scale);
        problems.positive("clippingBound", clippingBound);
        // n (C s + 1) < 2^31: the sum cannot wrap around; + 1 for the rounding of each client's coordinate
        problems.require(
                clients * (clippingBound * scale + 1) < 0x1p31,
                "the sum could wrap around: clients * (clippingBound * scale + 1) must be less than 2^31, got %d * (%s * %s + 1)"
                        .formatted(clients, clippingBound, scale));
    }

    /** Returns the phases of this round, in order. */
    public List<Phase> phases() {
        return protocol.phases();
    }

    /** Returns how many clients a phase needs for the round to go on: the threshold or the minimum of survivors. */
    public int requiredClients() {
        return Math.max(threshold, minimumSurvivors);
    }

    /** Returns the one byte form that is hashed and signed. */
    public byte[] canonicalBytes() {
        ByteWriter out = new ByteWriter().text(DOMAIN);
        writeTo(out);
        return out.toArray();
    }

    /** Returns the SHA-256 of {@link #canonicalBytes()}. */
    public SessionId id() {
        return new SessionId(Bytes.sha256(canonicalBytes()));
    }

    void writeTo(ByteWriter out) {
        out.u32(protocolVersion).text(federation).text(task).u64(round);
        out.fixed(taskHash).fixed(adapterHash).fixed(rosterHash).u8(protocol.ordinal());
        out.u32(clients).u32(neighbours).u32(threshold).u32(minimumSurvivors).u32(corruptClients);
        out.u32(dimension).u8(modulusBits).f64(scale).f64(clippingBound);
        deadlines.writeTo(out);
        out.fixed(nonce);
    }

    static RoundPlan readFrom(ByteReader in) {
        return new RoundPlan(
                in.u32("protocolVersion"),
                in.text("federation", 100),
                in.text("task", 100),
                in.u64("round"),
                in.fixed("taskHash", Sizes.HASH),
                in.fixed("adapterHash", Sizes.HASH),
                in.fixed("rosterHash", Sizes.HASH),
                protocol(in.u8("protocol")),
                in.u32("clients"),
                in.u32("neighbours"),
                in.u32("threshold"),
                in.u32("minimumSurvivors"),
                in.u32("corruptClients"),
                in.u32("dimension"),
                in.u8("modulusBits"),
                in.f64("scale"),
                in.f64("clippingBound"),
                PhaseDeadlines.readFrom(in),
                in.fixed("nonce", Sizes.NONCE));
    }

    private static Protocol protocol(int code) {
        if (code >= Protocol.values().length) {
            throw ByteReader.malformed("unknown protocol " + code);
        }
        return Protocol.values()[code];
    }
}
