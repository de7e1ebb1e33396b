/**
 * The seam between a client and whatever carries its messages: HTTP in production, memory in simulations.
 *
 * <p>Vocabulary: a <i>transport</i> makes one attempt for each call; {@link dev.fedlora.client.transport.Retry} decides
 * whether there is another. A failure is <i>transient</i> when the same call may succeed later: no connection, an
 * overloaded coordinator. Every call of the seam may be repeated: the coordinator accepts an identical repeat of an
 * accepted message without effect.
 *
 * <p>Where to look first: {@link dev.fedlora.client.transport.Retry}.
 */
@NullMarked
package dev.fedlora.client.transport;

import org.jspecify.annotations.NullMarked;
