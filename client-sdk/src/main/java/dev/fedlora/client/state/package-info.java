/**
 * What a client keeps on disk between runs so that it can never be led back: the rounds it has seen.
 *
 * <p>Where to look first: {@link dev.fedlora.client.state.ClientState}.
 *
 * <p>Rules: written before the message that depends on it is sent; a temporary file, flushed to the disk, then renamed.
 */
@NullMarked
package dev.fedlora.client.state;

import org.jspecify.annotations.NullMarked;
