/**
 * The primitives of the protocol, each behind a small type: the only user of Bouncy Castle in this module.
 *
 * <p>Vocabulary: a {@link dev.fedlora.aggregation.crypto.Secret} is bytes that are never printed and can be wiped; a
 * <em>share</em> is one point of a Shamir polynomial; a <em>mask</em> the AES-256-CTR key stream of a key, read as
 * little-endian 32-bit integers.
 *
 * <p>Rules: X25519, Ed25519 and HKDF come from Bouncy Castle (several times faster than the JDK's); AES-CTR, AES-GCM and
 * SHA-256 from the JDK (a hundred times faster for the mask stream). Comparisons of secrets take constant time. Sources:
 * RFC 7748, RFC 8032, RFC 5869, NIST SP 800-38A and 800-38D; Shamir, How to share a secret, CACM 1979.
 */
@NullMarked
package dev.fedlora.aggregation.crypto;

import org.jspecify.annotations.NullMarked;
