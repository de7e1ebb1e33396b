/**
 * Who belongs to the federation: the roster of clients, and the coordinator's own identity.
 *
 * <p>Vocabulary: the <em>roster</em> is made outside the coordinator and pinned by the clients through its hash, so that
 * a coordinator cannot invent clients; the <em>identity key</em> signs plans and results and is pinned by the clients
 * too. Look first at {@link dev.fedlora.coordinator.registry.Federation}.
 */
@NullMarked
package dev.fedlora.coordinator.registry;

import org.jspecify.annotations.NullMarked;
