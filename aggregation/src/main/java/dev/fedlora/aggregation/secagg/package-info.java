/**
 * Secure aggregation: the two state machines, client and server, of one round.
 *
 * <p>The protocol is that of Bonawitz et al., Practical Secure Aggregation for Privacy-Preserving Machine Learning, CCS
 * 2017 (eprint 2017/281), in its variant against a malicious server: ephemeral keys signed by pinned identity keys, and
 * a consistency round before any share is revealed. The sessions hold no clock, thread, file or network.
 *
 * <p>Vocabulary: U1 are the clients that advertised keys, U2 those that shared, U3 (the <em>survivors</em>) those whose
 * masked vector arrived, U4 those that signed the list of survivors, U5 those that answered the unmasking; each is a
 * subset of the one before. <em>t</em> is the threshold of shares.
 *
 * <p>Look first at {@link dev.fedlora.aggregation.secagg.ClientSession} and
 * {@link dev.fedlora.aggregation.secagg.ServerSession}.
 */
@NullMarked
package dev.fedlora.aggregation.secagg;

import org.jspecify.annotations.NullMarked;
