package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.KeyAdvertisement;
import dev.fedlora.aggregation.wire.KeyRoster;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.SealedShares;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.ShareDelivery;
import dev.fedlora.aggregation.wire.SignatureList;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.SurvivorSignature;
import dev.fedlora.aggregation.wire.Unmasking;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One client's side of one round. The five methods are called once each, in their order; in the clear protocol only
 * {@link #plain} is. Whatever goes wrong, be it the server's message, the order or an argument, every key is wiped and
 * the session is over: a round is never entered twice.
 *
 * <p>Server messages that break the protocol throw a {@link ProtocolException}. Not thread-safe.
 */
public final class ClientSession implements AutoCloseable {
    private final CheckedPlan checked;
    private final RoundPlan plan;
    private final long client;
    private final IdentityKeys identity;
    private final ClientSecrets secrets;
    private Step step = Step.START;
    private @Nullable KeyAdvertisement advertised;
    private List<KeyAdvertisement> keys = List.of();
    private Set<Long> sharers = Set.of();
    private @Nullable SurvivorList survivors;
    private @Nullable SurvivorSignature confirmed;

    private enum Step {
        START,
        ADVERTISED,
        SHARED,
        MASKED,
        CONFIRMED,
        CLOSED
    }

    /**
     * Opens the session.
     *
     * @param plan that passed {@link PlanChecks}
     * @param client own id
     * @param identity own long-term key, whose public half is on the roster; stays the caller's
     * @param random a cryptographic generator
     * @throws IllegalArgumentException when the roster has no such client, or another key for it
     */
    public ClientSession(CheckedPlan plan, long client, IdentityKeys identity, SecureRandom random) {
        Bytes rostered = plan.roster()
                .find(client)
                .map(RosterEntry::identityKey)
                .orElseThrow(() -> new IllegalArgumentException("client " + client + " is not on the roster"));
        if (!rostered.equals(Bytes.of(identity.publicKey()))) {
            throw new IllegalArgumentException("the roster has another identity key for client " + client);
        }
        this.checked = plan;
        this.plan = plan.plan();
        this.client = client;
        this.identity = identity;
        this.secrets = new ClientSecrets(plan, client, random);
    }

    /** Phase KEYS: makes the session's keys. */
    public KeyAdvertisement advertise() {
        return step(Step.START, Step.ADVERTISED, () -> {
            requireProtocol(Protocol.SECAGG);
            KeyAdvertisement own = KeyAdvertisement.sign(checked.session(), client, secrets.generateKeys(), identity);
            advertised = own;
            return own;
        });
    }

    /**
     * Phase SHARES: checks everybody's keys, draws the seed of the own mask, shares seed and mask key.
     *
     * @throws ProtocolException when a key is not signed by its roster key, missing, repeated or of low order, or there
     *     are too few or too many clients
     */
    public SealedShares share(KeyRoster roster) {
        return step(Step.ADVERTISED, Step.SHARED, () -> {
            requireSession(roster);
            checkKeys(roster.entries());
            keys = roster.entries();
            return secrets.share(keys);
        });
    }

    private void checkKeys(List<KeyAdvertisement> entries) {
        if (entries.size() > plan.clients()) {
            throw new ProtocolException(
                    Reason.COHORT_FULL,
                    "key roster must have at most %d clients, got %d".formatted(plan.clients(), entries.size()));
        }
        requireEnough("key roster", entries.size());
        Set<Bytes> seen = new HashSet<>();
        boolean hasOwn = false;
        for (KeyAdvertisement entry : entries) {
            if (!seen.add(entry.maskKey()) || !seen.add(entry.shareKey())) {
                throw new ProtocolException(Reason.BAD_KEY, "a key of client " + entry.client() + " occurs twice");
            }
            boolean isOwn = entry.equals(advertised);
            if (!isOwn) {
                checkSignature(entry);
            }
            hasOwn |= isOwn;
        }
        if (!hasOwn) {
            throw new ProtocolException(Reason.BAD_LIST, "key roster lacks the keys of this client, " + client);
        }
    }

    private void checkSignature(KeyAdvertisement entry) {
        Bytes identityKey = checked.roster()
                .find(entry.client())
                .map(RosterEntry::identityKey)
                .orElseThrow(() -> new ProtocolException(
                        Reason.UNKNOWN_CLIENT, "key roster names client " + entry.client() + ", not on the roster"));
        if (!entry.isSignedBy(identityKey)) {
            throw new ProtocolException(
                    Reason.BAD_SIGNATURE, "keys of client " + entry.client() + " are not signed by its roster key");
        }
    }

    /**
     * Phase MASKED: opens the shares of the others and masks the vector against everyone whose share opened.
     *
     * @param delivery the boxes for this client
     * @param ringVector as long as the plan's dimension; not changed
     * @throws ProtocolException when a box does not open or holds wrong shares, comes from someone without keys, or there
     *     are too few
     * @throws IllegalArgumentException when the vector has another length
     */
    public MaskedVector mask(ShareDelivery delivery, int[] ringVector) {
        return step(Step.SHARED, Step.MASKED, () -> {
            requireLength(ringVector);
            requireSession(delivery);
            checkDelivery(delivery);
            sharers = secrets.open(delivery);
            int[] masked = ringVector.clone();
            secrets.mask(masked, sharers);
            return MaskedVector.of(checked.session(), client, masked);
        });
    }

    private void checkDelivery(ShareDelivery delivery) {
        if (delivery.client() != client) {
            throw new ProtocolException(
                    Reason.BAD_LIST, "shares must be for client " + client + ", got those for " + delivery.client());
        }
        Set<Long> known =
                new HashSet<>(keys.stream().map(KeyAdvertisement::client).toList());
        known.remove(client);
        for (ShareDelivery.Box box : delivery.boxes()) {
            if (!known.contains(box.from())) {
                throw new ProtocolException(
                        Reason.UNKNOWN_CLIENT, "shares from client " + box.from() + ", which advertised no keys");
            }
        }
        requireEnough("shares", delivery.boxes().size() + 1);
    }

    /**
     * The one message of a round in the clear: the vector as it is.
     *
     * @throws IllegalArgumentException when the vector has another length than the plan's dimension
     */
    public MaskedVector plain(int[] ringVector) {
        return step(Step.START, Step.CLOSED, () -> {
            requireProtocol(Protocol.PLAIN);
            requireLength(ringVector);
            return MaskedVector.of(checked.session(), client, ringVector);
        });
    }

    /**
     * Phase SURVIVORS: signs the list of survivors.
     *
     * @throws ProtocolException when the list lacks this client, names one that did not share, or is too short
     */
    public SurvivorSignature confirm(SurvivorList list) {
        return step(Step.MASKED, Step.CONFIRMED, () -> {
            requireSession(list);
            if (!list.survivors().contains(client)) {
                throw new ProtocolException(Reason.BAD_LIST, "survivors lack this client, " + client);
            }
            for (long survivor : list.survivors()) {
                if (!sharers.contains(survivor)) {
                    throw new ProtocolException(
                            Reason.UNKNOWN_CLIENT, "survivors name client " + survivor + ", which shared nothing");
                }
            }
            requireEnough("survivors", list.survivors().size());
            SurvivorSignature own = SurvivorSignature.sign(list, client, identity);
            survivors = list;
            confirmed = own;
            return own;
        });
    }

    /**
     * Phase UNMASK: checks that a threshold of clients signed the same list, reveals one share a client, wipes all keys.
     *
     * @throws ProtocolException when a signature is wrong, from a stranger or over another list, or there are too few
     */
    public Unmasking unmask(SignatureList signatures) {
        return step(Step.CONFIRMED, Step.CLOSED, () -> {
            requireSession(signatures);
            List<Long> list = Objects.requireNonNull(survivors).survivors();
            for (SurvivorSignature signature : signatures.signatures()) {
                checkSignature(signature, list);
            }
            if (!signatures.signatures().contains(confirmed)) {
                throw new ProtocolException(Reason.BAD_LIST, "signatures lack that of this client, " + client);
            }
            int got = signatures.signatures().size();
            if (got < plan.threshold()) {
                throw new ProtocolException(
                        Reason.TOO_FEW_CLIENTS,
                        "at least %d signatures over the survivors are needed, got %d"
                                .formatted(plan.threshold(), got));
            }
            return secrets.reveal(list);
        });
    }

    private void checkSignature(SurvivorSignature signature, List<Long> list) {
        if (!list.contains(signature.client())) {
            throw new ProtocolException(
                    Reason.UNKNOWN_CLIENT, "signature of client " + signature.client() + ", which is no survivor");
        }
        Bytes identityKey =
                checked.roster().find(signature.client()).orElseThrow().identityKey();
        if (!signature.isSignedBy(identityKey, list)) {
            throw new ProtocolException(
                    Reason.BAD_SIGNATURE,
                    "client %d did not sign the survivors %s".formatted(signature.client(), list));
        }
    }

    /** Runs {@code action} when it is its turn; whatever it throws ends the session. */
    private <T> T step(Step expected, Step next, Supplier<T> action) {
        boolean isDone = false;
        try {
            if (step != expected) {
                throw new ProtocolException(
                        Reason.WRONG_PHASE, "session of client %d is %s, must be %s".formatted(client, step, expected));
            }
            T result = action.get();
            step = next;
            isDone = true;
            return result;
        } finally {
            if (!isDone || next == Step.CLOSED) {
                close();
            }
        }
    }

    private void requireProtocol(Protocol protocol) {
        if (plan.protocol() != protocol) {
            throw new ProtocolException(
                    Reason.WRONG_PHASE, "the round's protocol is " + plan.protocol() + ", not " + protocol);
        }
    }

    private void requireSession(ServerMessage message) {
        if (!message.session().equals(checked.session())) {
            throw new ProtocolException(
                    Reason.WRONG_SESSION,
                    "message of session " + message.session() + ", expected " + checked.session());
        }
    }

    private void requireEnough(String what, int got) {
        if (got < plan.requiredClients()) {
            throw new ProtocolException(
                    Reason.TOO_FEW_CLIENTS,
                    "%s must have at least %d clients, got %d".formatted(what, plan.requiredClients(), got));
        }
    }

    private void requireLength(int[] vector) {
        if (vector.length != plan.dimension()) {
            throw new IllegalArgumentException(
                    "ring vector must have %d coordinates, got %d".formatted(plan.dimension(), vector.length));
        }
    }

    /** Returns the phase whose message this session has sent last; nothing yet: null. */
    public @Nullable Phase lastSent() {
        return switch (step) {
            case START, CLOSED -> null;
            case ADVERTISED -> Phase.KEYS;
            case SHARED -> Phase.SHARES;
            case MASKED -> Phase.MASKED;
            case CONFIRMED -> Phase.SURVIVORS;
        };
    }

    /** Says whether the session is over and every key wiped: after the last phase, a violation, or {@link #close()}. */
    public boolean isClosed() {
        return step == Step.CLOSED;
    }

    /** Wipes every key; afterwards every step is refused. */
    @Override
    public void close() {
        step = Step.CLOSED;
        secrets.close();
    }

    ClientSecrets secrets() {
        return secrets;
    }

    /** Names client and state only. */
    @Override
    public String toString() {
        return "ClientSession[client " + client + ", " + step + "]";
    }
}
