package dev.fedlora.coordinator.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.coordinator.config.StartupException;
import dev.fedlora.coordinator.config.StartupException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

/**
 * The parties of a federation as one coordinator knows them. Immutable, thread-safe.
 *
 * @param roster of the clients
 * @param identity the coordinator's own key pair
 */
public record Federation(Roster roster, IdentityKeys identity) {
    /** Name of the identity key's file in the data directory. */
    public static final String IDENTITY_FILE = "coordinator.key";

    /**
     * Reads the roster, and reads or makes the identity key.
     *
     * @param rosterFile JSON, see {@link Roster#ofJson}
     * @param dataDirectory claimed by this process
     * @param random for a new key
     * @throws StartupException when a file cannot be read, is damaged, or others than its owner may read the key
     */
    public static Federation load(Path rosterFile, Path dataDirectory, SecureRandom random) {
        Roster roster = readRoster(rosterFile);
        return new Federation(roster, loadOrCreate(dataDirectory.resolve(IDENTITY_FILE), random));
    }

    private static Roster readRoster(Path file) {
        try {
            Roster roster = Roster.ofJson(Files.readString(file));
            if (roster.size() == 0) {
                throw new StartupException(Reason.ROSTER, "roster " + file + " has no clients");
            }
            return roster;
        } catch (JsonProcessingException e) {
            throw new StartupException(Reason.ROSTER, "roster " + file + " is not valid: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new StartupException(Reason.ROSTER, "roster " + file + " cannot be read: " + e, e);
        }
    }

    private static IdentityKeys loadOrCreate(Path file, SecureRandom random) {
        try {
            if (Files.exists(file)) {
                return IdentityKeys.load(file);
            }
            IdentityKeys keys = IdentityKeys.generate(random);
            keys.save(file);
            return keys;
        } catch (IOException e) {
            throw new StartupException(
                    Reason.IDENTITY, "identity key " + file + " cannot be used: " + e.getMessage(), e);
        }
    }

    /** Returns the coordinator's public key, 32 bytes: what clients pin. */
    public Bytes publicKey() {
        return Bytes.of(identity.publicKey());
    }
}
