/**
 * How one set of examples is dealt out to simulated clients. Pure functions: the same examples and seed give the same
 * clients in the same order.
 *
 * <p>Vocabulary: a <i>natural</i> partition keeps the owners named in the data; a <i>Dirichlet</i> partition makes up
 * owners whose label distributions differ, the more the smaller alpha is.
 *
 * <p>Where to look first: {@link dev.fedlora.simulations.partition.Partitioner}.
 *
 * <p>Sources: Yurochkin et al., Bayesian nonparametric federated learning of neural networks, ICML 2019 (arXiv
 * 1905.12022); Li et al., Federated learning on non-IID data silos, ICDE 2022 (arXiv 2102.02079).
 */
@NullMarked
package dev.fedlora.simulations.partition;

import org.jspecify.annotations.NullMarked;
