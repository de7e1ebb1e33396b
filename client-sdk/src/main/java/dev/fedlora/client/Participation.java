package dev.fedlora.client;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.secagg.CheckedPlan;
import dev.fedlora.aggregation.secagg.ClientSession;
import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.KeyRoster;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.RoundResult;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.ShareDelivery;
import dev.fedlora.aggregation.wire.SignatureList;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.client.transport.PeerText;
import dev.fedlora.client.transport.RoundEndedException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** One client's exchange with the coordinator in one round, from its keys to the result. Used once, by one thread. */
final class Participation {
    /** For messages under way when a phase ends, and for clocks that run apart a little. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    /** For the coordinator to unmask the sum, apply it and store the new adapter. */
    private static final Duration RESULT_GRACE = Duration.ofSeconds(60);

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    // a coordinator that answers "not yet" at once must not be asked in a busy loop
    private static final Duration SHORTEST_WAIT = Duration.ofMillis(200);

    private final Surroundings around;
    private final CheckedPlan plan;
    private final Instant started;

    /** What must be done, and on the disk, before the vector leaves this machine. */
    @FunctionalInterface
    interface BeforeRelease {
        /**
         * Does it.
         *
         * @throws NotReleasedException when the vector must not be sent
         */
        void run() throws NotReleasedException;
    }

    /** The vector must not be sent, and was not. */
    static final class NotReleasedException extends Exception {
        NotReleasedException(Exception cause) {
            super(cause.getMessage(), cause);
        }
    }

    /**
     * Makes the exchange of one round.
     *
     * @param started when the plan arrived; the phases' deadlines are counted from it
     */
    Participation(Surroundings around, CheckedPlan plan, Instant started) {
        this.around = around;
        this.plan = plan;
        this.started = started;
    }

    /** Returns the moment after which nothing more is heard in {@code phase}. */
    Instant deadline(Phase phase) {
        Duration open = GRACE;
        for (Phase each : plan.plan().phases()) {
            open = open.plus(plan.plan().deadlines().of(each));
            if (each == phase) {
                break;
            }
        }
        return started.plus(open);
    }

    /**
     * Takes part with this ring vector. On every way out all keys of the round are wiped.
     *
     * @param beforeRelease runs right before the vector is sent
     * @throws NotReleasedException from {@code beforeRelease}
     * @throws RoundEndedException when the round ended or went on without this client
     * @throws ProtocolException when the coordinator broke the protocol
     * @throws IOException when the coordinator refused or could not be reached in time
     */
    RoundResult exchange(int[] ringVector, BeforeRelease beforeRelease)
            throws IOException, InterruptedException, NotReleasedException {
        IdentityKeys identity = around.identity();
        try (ClientSession session = new ClientSession(plan, around.clientId(), identity, around.random())) {
            if (plan.plan().protocol() == Protocol.PLAIN) {
                MaskedVector vector = session.plain(ringVector);
                beforeRelease.run();
                sendMasked(vector);
                return result(Phase.MASKED);
            }
            send(Phase.KEYS, session.advertise());
            send(Phase.SHARES, session.share(answer(Phase.KEYS, KeyRoster.class)));
            MaskedVector vector = session.mask(answer(Phase.SHARES, ShareDelivery.class), ringVector);
            beforeRelease.run();
            sendMasked(vector);
            send(Phase.SURVIVORS, session.confirm(answer(Phase.MASKED, SurvivorList.class)));
            send(Phase.UNMASK, session.unmask(answer(Phase.SURVIVORS, SignatureList.class)));
            return result(Phase.UNMASK);
        }
    }

    private void send(Phase phase, ClientMessage message) throws IOException, InterruptedException {
        byte[] bytes = WireFormat.encode(message);
        around.retry().until(deadline(phase), "sending " + phase.path(), () -> {
            around.transport().send(plan.session(), phase, bytes);
            return bytes;
        });
        around.listener().sent(plan.plan().round(), phase);
    }

    private void sendMasked(MaskedVector vector) throws IOException, InterruptedException {
        around.retry().until(deadline(Phase.MASKED), "sending the vector", () -> {
            around.transport().sendMasked(plan.session(), vector);
            return vector;
        });
        around.listener().sent(plan.plan().round(), Phase.MASKED);
    }

    private RoundResult result(Phase last) throws IOException, InterruptedException {
        RoundResult result = answer(last, RoundResult.class);
        RoundPlan terms = plan.plan();
        if (!result.isSignedBy(around.coordinatorKey())) {
            throw new ProtocolException(
                    Reason.BAD_SIGNATURE, "the result of round " + terms.round() + " is not signed by the coordinator");
        }
        if (!result.survivors().contains(around.clientId())
                || result.survivors().size() < terms.minimumSurvivors()) {
            throw new ProtocolException(
                    Reason.BAD_LIST,
                    "the result of round %d names survivors %s, expected this client (%d) and at least %d in all"
                            .formatted(terms.round(), result.survivors(), around.clientId(), terms.minimumSurvivors()));
        }
        return result;
    }

    private <M extends ServerMessage> M answer(Phase phase, Class<M> expected)
            throws IOException, InterruptedException {
        Instant deadline = expected == RoundResult.class ? deadline(phase).plus(RESULT_GRACE) : deadline(phase);
        ServerMessage message = awaited(phase, deadline);
        if (!message.session().equals(plan.session())) {
            throw new ProtocolException(
                    Reason.WRONG_SESSION,
                    "answer of session %s, expected %s".formatted(message.session(), plan.session()));
        }
        if (message instanceof RoundAborted aborted) {
            throw new RoundEndedException(
                    409, "round-aborted", aborted.reason() + ": " + PeerText.clean(aborted.detail()));
        }
        if (!expected.isInstance(message)) {
            throw new ProtocolException(
                    Reason.WRONG_PHASE,
                    "answer to phase %s is a %s, expected a %s"
                            .formatted(phase, message.getClass().getSimpleName(), expected.getSimpleName()));
        }
        return expected.cast(message);
    }

    private ServerMessage awaited(Phase phase, Instant deadline) throws IOException, InterruptedException {
        while (true) {
            Instant asked = around.time().now();
            Duration left = Duration.between(asked, deadline);
            if (left.isNegative() || left.isZero()) {
                throw new IOException("no answer to phase %s of round %d by its deadline"
                        .formatted(phase.path(), plan.plan().round()));
            }
            Duration wait = left.compareTo(LONGEST_WAIT) < 0 ? left : LONGEST_WAIT;
            Optional<ServerMessage> message = around.retry()
                    .until(
                            deadline,
                            "waiting for the answer to " + phase.path(),
                            () -> around.transport().await(plan.session(), phase, wait));
            if (message.isPresent()) {
                return message.get();
            }
            if (Duration.between(asked, around.time().now()).compareTo(SHORTEST_WAIT) < 0) {
                around.time().pause(SHORTEST_WAIT);
            }
        }
    }
}
