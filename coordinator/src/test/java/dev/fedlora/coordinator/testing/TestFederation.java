package dev.fedlora.coordinator.testing;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Clients with ids 10, 20, 30 ... and the roster that names them. */
public final class TestFederation {
    private final Map<Long, IdentityKeys> identities = new TreeMap<>();
    private final Roster roster;

    /** Makes {@code clients} identities. */
    public TestFederation(int clients) {
        SecureRandom random = new SecureRandom();
        List<RosterEntry> entries = new ArrayList<>();
        for (long id = 10; id <= 10L * clients; id += 10) {
            IdentityKeys keys = IdentityKeys.generate(random);
            identities.put(id, keys);
            entries.add(new RosterEntry(id, "client-" + id, Bytes.of(keys.publicKey())));
        }
        this.roster = new Roster(entries);
    }

    /** The clients' ids, ascending. */
    public List<Long> ids() {
        return List.copyOf(identities.keySet());
    }

    /** The key pair of a client. */
    public IdentityKeys identity(long client) {
        return identities.get(client);
    }

    /** The roster. */
    public Roster roster() {
        return roster;
    }

    /** Writes the roster's file into a folder. */
    public Path writeRoster(Path folder) {
        try {
            return Files.writeString(folder.resolve("roster.json"), roster.toJson());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
