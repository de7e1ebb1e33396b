/**
 * What is done to a vector before anybody else sees it: clip its norm, put it on the integer grid, make sure that sums stay
 * inside the ring.
 *
 * <p>Vocabulary: the <i>clipping bound</i> c limits the L2 norm of one contribution; the <i>scale</i> s is the number of grid
 * steps per unit; Δ₂ and Δ∞ bound the integer vector that comes out, and Δ₂ is the sensitivity that noise is sized by. Look
 * first at {@code L2Clip}, then at {@code RoundedNorm}.
 *
 * <p>Source: Peter Kairouz, Ziyu Liu, Thomas Steinke, "The Distributed Discrete Gaussian Mechanism for Federated Learning
 * with Secure Aggregation", ICML 2021, arXiv 2102.06387.
 */
@NullMarked
package dev.fedlora.privacy.mechanism;

import org.jspecify.annotations.NullMarked;
