/**
 * Runs the rounds of every task, without any transport.
 *
 * <p>Vocabulary: a <em>task</em> runs <em>rounds</em> until enough of them made an adapter; a round passes through
 * <em>phases</em>, each closed when every client answered or at its deadline; a round below its threshold is
 * <em>aborted</em> and the next attempt gets a new number. Look first at {@link
 * dev.fedlora.coordinator.round.RoundService}, on which HTTP and the in-memory transport of simulations both sit.
 *
 * <p>Rules: a round's privacy cost is checked and charged, on disk, before its plan is signed, and the charge stands
 * whatever becomes of the round; time comes from a {@link dev.fedlora.coordinator.round.Scheduler}, so that tests and
 * simulations own the clock; nothing is called back while a lock is held.
 *
 * <p>Sources: Bonawitz et al., Practical Secure Aggregation for Privacy-Preserving Machine Learning, CCS 2017 (eprint
 * 2017/281); McMahan et al., Communication-Efficient Learning of Deep Networks from Decentralized Data, AISTATS 2017
 * (arXiv 1602.05629).
 */
@NullMarked
package dev.fedlora.coordinator.round;

import org.jspecify.annotations.NullMarked;
