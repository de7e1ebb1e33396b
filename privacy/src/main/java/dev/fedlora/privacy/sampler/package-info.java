/**
 * Random draws that privacy proofs rest on: exact distributions, from integers alone, out of a cryptographic stream.
 *
 * <p>Vocabulary: <i>bits</i> are the stream ({@link dev.fedlora.privacy.sampler.SecureBits}); <i>scale</i> and <i>sigma</i>
 * are positive integers; nothing here computes with floating-point noise. Look first at {@code SecureBits}, then at
 * {@code DiscreteGaussian}.
 *
 * <p>Not covered: constant time. Rejection samplers take a number of draws that depends on the value drawn; draw all noise
 * of a release before touching the protected vector, so that only the sum of many such times can be seen.
 *
 * <p>Source: Clément Canonne, Gautam Kamath, Thomas Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS
 * 2020, arXiv 2004.00010.
 */
@NullMarked
package dev.fedlora.privacy.sampler;

import org.jspecify.annotations.NullMarked;
