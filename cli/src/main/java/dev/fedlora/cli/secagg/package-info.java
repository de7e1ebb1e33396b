/**
 * {@code fedlora secagg}: secure aggregation by itself, its parameters and its cost.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.secagg.SecaggGroup}.
 */
@NullMarked
package dev.fedlora.cli.secagg;

import org.jspecify.annotations.NullMarked;
