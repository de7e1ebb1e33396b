/**
 * What a run of noisy releases costs: epsilon from delta, delta from epsilon, the noise that a budget asks for, and how many
 * more rounds it allows.
 *
 * <p>Vocabulary: the <i>noise multiplier</i> is the standard deviation of the noise divided by the L2 sensitivity; the
 * <i>sampling rate</i> q is the probability with which each unit takes part in a step, independently (Poisson); neighbours
 * differ by adding or removing one unit; <i>RDP</i> is Rényi differential privacy. All logarithms are natural. Look first at
 * {@link dev.fedlora.privacy.accounting.Accountant} and {@link dev.fedlora.privacy.accounting.Accountants}.
 *
 * <p>Rules: an accountant returns upper bounds, never estimates; hence no accountant by the central limit theorem. A new one
 * is one class and one line in {@code Accountants}.
 *
 * <p>Sources: Ilya Mironov, Kunal Talwar, Li Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism", arXiv
 * 1908.10530; Canonne, Kamath, Steinke, NeurIPS 2020, arXiv 2004.00010.
 */
@NullMarked
package dev.fedlora.privacy.accounting;

import org.jspecify.annotations.NullMarked;
