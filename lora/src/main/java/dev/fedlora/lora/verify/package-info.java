/**
 * Adapters looked at as they lie on the disk: everything that is wrong with one, not the first thing alone.
 *
 * <p>Vocabulary: a <i>half</i> is one of the two factors of an adapted tensor.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.verify.AdapterVerifier}.
 */
@NullMarked
package dev.fedlora.lora.verify;

import org.jspecify.annotations.NullMarked;
