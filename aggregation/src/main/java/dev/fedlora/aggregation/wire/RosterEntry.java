package dev.fedlora.aggregation.wire;

import dev.fedlora.aggregation.crypto.IdentityKeys;

/**
 * One client of a federation.
 *
 * @param id positive, unique in its roster
 * @param name for people: letters, digits, '.', '_', '-'
 * @param identityKey Ed25519 public key, 32 bytes
 */
public record RosterEntry(long id, String name, Bytes identityKey) {
    /** @throws IllegalArgumentException when id, name or key is out of its range, or the key is no Ed25519 point */
    public RosterEntry {
        Problems problems = new Problems();
        problems.atLeast("id", 1, id);
        problems.name("name", name);
        problems.require(
                identityKey != null && IdentityKeys.isPublicKey(identityKey.toArray()),
                "identityKey must be an Ed25519 public key of 32 bytes, got '" + identityKey + "'");
        Problems.refuse("roster entry " + id, problems.found());
    }
}
