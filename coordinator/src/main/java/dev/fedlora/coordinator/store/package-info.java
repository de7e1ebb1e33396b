/**
 * What a coordinator remembers over a restart: tasks, rounds and adapter versions, in one SQLite file.
 *
 * <p>Vocabulary: a <em>task</em> is one federated training from its first adapter to its last; a <em>round</em> is one
 * attempt at one step of it and its number is never used again; an <em>adapter</em> is a blob named by its SHA-256; an
 * <em>adapter version</em> says which round made it and out of what, which is its lineage. Look first at {@link
 * dev.fedlora.coordinator.store.Store}.
 *
 * <p>Rules: every transition is one transaction; what SQLite reports becomes one {@link
 * dev.fedlora.coordinator.store.StoreException} that names the file; one process works on a data directory at a time.
 * The tables are defined by the migrations under {@code db/migration}; times in them are milliseconds since the epoch,
 * hashes are lower-case hex.
 */
@NullMarked
package dev.fedlora.coordinator.store;

import org.jspecify.annotations.NullMarked;
