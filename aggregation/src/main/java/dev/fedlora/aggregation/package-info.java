/**
 * Secure aggregation of client updates: what the coordinator learns of a round is the sum and who is in it.
 *
 * <p>This root package is empty on purpose. Start at {@code secagg.ClientSession} and {@code secagg.ServerSession}; the
 * messages between them are in {@code wire}, floats become ring elements in {@code encoding}, the sum becomes the next
 * adapter in {@code rule}. PROTOCOL.md at the top of the repository has the threat model.
 */
@NullMarked
package dev.fedlora.aggregation;

import org.jspecify.annotations.NullMarked;
