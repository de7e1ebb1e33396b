/**
 * The coordinator without a network: clients and rounds of one process exchange the bytes that would go over HTTP.
 *
 * <p>Where to look first: {@link dev.fedlora.simulations.transport.InMemoryTransport}.
 */
@NullMarked
package dev.fedlora.simulations.transport;

import org.jspecify.annotations.NullMarked;
