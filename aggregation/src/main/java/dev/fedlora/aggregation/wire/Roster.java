package dev.fedlora.aggregation.wire;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The clients of a federation and their identity keys, sorted by id. Made outside the coordinator; clients pin its
 * {@link #hash()}, so that a coordinator cannot add clients of its own. Immutable.
 *
 * @param clients sorted by id; ids, names and keys are distinct
 */
public record Roster(List<RosterEntry> clients) {
    private static final String DOMAIN = "fedlora roster v1";

    /** @throws IllegalArgumentException when an id, name or key occurs twice */
    public Roster {
        clients = clients.stream()
                .sorted(Comparator.comparingLong(RosterEntry::id))
                .toList();
        requireDistinct("id", clients.stream().map(RosterEntry::id).toList());
        requireDistinct("name", clients.stream().map(RosterEntry::name).toList());
        requireDistinct(
                "identityKey", clients.stream().map(RosterEntry::identityKey).toList());
    }

    private static void requireDistinct(String what, List<?> values) {
        if (values.stream().distinct().count() != values.size()) {
            throw new IllegalArgumentException("roster: every " + what + " may occur once, got " + values);
        }
    }

    /** Returns the number of clients. */
    public int size() {
        return clients.size();
    }

    /** Returns the entry of the client {@code id}. */
    public Optional<RosterEntry> find(long id) {
        int index = indexOf(id);
        return index < 0 ? Optional.empty() : Optional.of(clients.get(index));
    }

    /** Returns the position of the client {@code id} in the sorted list, from 0; -1 when it is not on the roster. */
    public int indexOf(long id) {
        for (int i = 0; i < clients.size(); i++) {
            if (clients.get(i).id() == id) {
                return i;
            }
        }
        return -1;
    }

    /** Returns the one byte form that is hashed. */
    public byte[] canonicalBytes() {
        ByteWriter out = new ByteWriter().text(DOMAIN);
        out.list(clients, (to, entry) -> to.u64(entry.id()).text(entry.name()).fixed(entry.identityKey()));
        return out.toArray();
    }

    /** Returns the SHA-256 of {@link #canonicalBytes()}. */
    public Bytes hash() {
        return Bytes.sha256(canonicalBytes());
    }

    /** Returns this roster as JSON. */
    public String toJson() {
        return WireJson.write(this);
    }

    /**
     * Reads a roster.
     *
     * @throws JsonProcessingException when the text is no roster
     */
    public static Roster ofJson(String json) throws JsonProcessingException {
        return WireJson.read(json, Roster.class);
    }
}
