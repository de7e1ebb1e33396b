/**
 * The coordinator as one process: reads its configuration, opens its store, runs rounds and serves them over HTTP.
 *
 * <p>Vocabulary: the <em>coordinator</em> learns the sum of the clients' updates and nothing else of them; the
 * <em>data directory</em> holds all that it must remember. Look first at {@code CoordinatorServer}, which wires the
 * parts: configuration, registry, store, rounds, HTTP. Sub-packages never import this one.
 */
@NullMarked
package dev.fedlora.coordinator;

import org.jspecify.annotations.NullMarked;
