package dev.fedlora.client;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.client.state.ClientState;
import dev.fedlora.client.training.RoundBits;
import dev.fedlora.client.training.TrainerFactory;
import dev.fedlora.client.transport.CoordinatorTransport;
import dev.fedlora.client.transport.Retry;
import dev.fedlora.client.transport.WaitingTime;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Collects what a {@link FederatedClient} needs. Required: transport, identity, pins, trainer and state directory. Not
 * thread-safe.
 */
public final class FederatedClientBuilder {
    private @Nullable CoordinatorTransport transport;
    private @Nullable IdentityKeys identity;
    private @Nullable Bytes coordinatorKey;
    private @Nullable Roster roster;
    private @Nullable TrainerFactory trainers;
    private @Nullable Path stateDirectory;
    private ClientPolicy policy = ClientPolicy.DEFAULT;
    private RoundBits bits = RoundBits.unpredictable();
    private ProgressListener listener = ProgressListener.NONE;
    private WaitingTime time = WaitingTime.system();
    private long clientId;

    FederatedClientBuilder() {}

    /** Sets the way to the coordinator; it stays the caller's to close. */
    public FederatedClientBuilder transport(CoordinatorTransport way) {
        this.transport = way;
        return this;
    }

    /** Sets this client's id on the roster and the keys behind its entry; they stay the caller's to close. */
    public FederatedClientBuilder identity(long id, IdentityKeys keys) {
        this.clientId = id;
        this.identity = keys;
        return this;
    }

    /**
     * Pins what all trust rests on; both come from outside the coordinator.
     *
     * @param coordinator Ed25519 public key, 32 bytes
     * @param members the federation's clients; every plan must name its hash
     */
    public FederatedClientBuilder pinned(Bytes coordinator, Roster members) {
        this.coordinatorKey = coordinator;
        this.roster = members;
        return this;
    }

    /** Sets what trains. */
    public FederatedClientBuilder trainer(TrainerFactory factory) {
        this.trainers = factory;
        return this;
    }

    /** Sets the owner's conditions; {@link ClientPolicy#DEFAULT} when not set. */
    public FederatedClientBuilder policy(ClientPolicy conditions) {
        this.policy = conditions;
        return this;
    }

    /** Sets the directory for the rounds seen and the privacy ledgers; it is made when it is not there. */
    public FederatedClientBuilder stateDirectory(Path directory) {
        this.stateDirectory = directory;
        return this;
    }

    /** Sets who hears of progress; nobody when not set. */
    public FederatedClientBuilder listener(ProgressListener hearer) {
        this.listener = hearer;
        return this;
    }

    /** Sets where random bits come from that are not keys; {@link RoundBits#unpredictable()} when not set. */
    public FederatedClientBuilder bits(RoundBits source) {
        this.bits = source;
        return this;
    }

    /** Sets the clock; this machine's when not set. */
    public FederatedClientBuilder time(WaitingTime clock) {
        this.time = clock;
        return this;
    }

    /**
     * Makes the client and opens its state directory.
     *
     * @throws IllegalArgumentException naming everything that is missing or does not go together
     * @throws IOException when the state directory cannot be opened; see {@link ClientState#open}
     */
    public FederatedClient build() throws IOException {
        CoordinatorTransport way = transport;
        IdentityKeys keys = identity;
        Bytes pinnedKey = coordinatorKey;
        Roster members = roster;
        TrainerFactory factory = trainers;
        Path directory = stateDirectory;
        if (way == null
                || keys == null
                || pinnedKey == null
                || members == null
                || factory == null
                || directory == null) {
            throw new IllegalArgumentException("a client needs " + String.join(", ", missing()));
        }
        requireOnRoster(members, keys);
        ClientSettings settings = new ClientSettings(members, policy, factory, bits, directory);
        Surroundings around =
                new Surroundings(way, clientId, keys, pinnedKey, new SecureRandom(), time, new Retry(time), listener);
        return new FederatedClient(settings, around, ClientState.open(directory));
    }

    private List<String> missing() {
        List<String> missing = new ArrayList<>();
        addWhenNull(missing, "a transport", transport);
        addWhenNull(missing, "an identity", identity);
        addWhenNull(missing, "a pinned coordinator key and roster", roster);
        addWhenNull(missing, "a trainer", trainers);
        addWhenNull(missing, "a state directory", stateDirectory);
        return missing;
    }

    private static void addWhenNull(List<String> missing, String name, @Nullable Object value) {
        if (value == null) {
            missing.add(name);
        }
    }

    private void requireOnRoster(Roster members, IdentityKeys keys) {
        RosterEntry entry = members.find(clientId)
                .orElseThrow(() -> new IllegalArgumentException("client " + clientId + " is not on the pinned roster"));
        if (!entry.identityKey().equals(Bytes.of(keys.publicKey()))) {
            throw new IllegalArgumentException("client %d has the key %s on the roster, its identity file holds %s"
                    .formatted(clientId, entry.identityKey(), Bytes.of(keys.publicKey())));
        }
    }
}
