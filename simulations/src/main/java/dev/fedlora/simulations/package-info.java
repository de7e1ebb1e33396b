/**
 * Whole federations in one process: the product's own clients and coordinator over a transport in memory, described by one
 * file, with the same results for the same seed.
 *
 * <p>Vocabulary: an <i>experiment</i> is what the file says; <i>metrics</i> are what it gives, the same bytes every time;
 * <i>timings</i> are what it took, different every time.
 *
 * <p>Where to look first: {@link dev.fedlora.simulations.Simulation}.
 *
 * <p>Trust: rounding and noise of a simulation come from its seed, so its adapters protect nobody's data, and its results
 * say so. Keys and masks are real, and cancel out.
 */
@NullMarked
package dev.fedlora.simulations;

import org.jspecify.annotations.NullMarked;
