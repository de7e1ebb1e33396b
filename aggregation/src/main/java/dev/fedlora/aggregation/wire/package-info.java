/**
 * The messages of a round and of a task, and their one canonical byte form.
 *
 * <p>Vocabulary: a <em>task</em> is what a federation trains; a <em>roster</em> the identity keys of its clients, made
 * outside the coordinator; a <em>plan</em> the signed parameters of one round, whose hash is the <em>session id</em>
 * that every later message, signature and key derivation carries.
 *
 * <p>Look first at {@link dev.fedlora.aggregation.wire.RoundPlan} and
 * {@link dev.fedlora.aggregation.wire.WireFormat}. Rules: every value is immutable and checked when it is made; nothing
 * here reads a clock, a file or a network; what {@code decode} accepts, {@code encode} gives back byte for byte.
 */
@NullMarked
package dev.fedlora.aggregation.wire;

import org.jspecify.annotations.NullMarked;
