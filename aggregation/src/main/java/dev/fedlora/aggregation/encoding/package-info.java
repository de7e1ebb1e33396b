/**
 * Between float updates and the ring of integers modulo 2^32, in which masks cancel exactly.
 *
 * <p>Vocabulary: a <em>ring vector</em> is an {@code int[]} that wraps around; the <em>scale</em> is how many ring units
 * one unit of an update is. Look first at {@link dev.fedlora.aggregation.encoding.UpdateEncoder}. Source: Kairouz, Liu
 * and Steinke, The Distributed Discrete Gaussian Mechanism for Federated Learning with Secure Aggregation, ICML 2021
 * (arXiv 2102.06387), for the conditional rounding.
 */
@NullMarked
package dev.fedlora.aggregation.encoding;

import org.jspecify.annotations.NullMarked;
