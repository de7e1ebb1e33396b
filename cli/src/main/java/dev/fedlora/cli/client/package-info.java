/**
 * {@code fedlora client}: a client of a federation as a process of its own.
 *
 * <p>Vocabulary: a client's <i>folder</i> has its identity key, its configuration {@code agent.json}, its entry for the
 * roster, and its state.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.client.ClientGroup}; the client is {@code
 * dev.fedlora.client.agent.ClientAgent}.
 */
@NullMarked
package dev.fedlora.cli.client;

import org.jspecify.annotations.NullMarked;
