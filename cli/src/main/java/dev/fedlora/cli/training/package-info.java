/**
 * {@code fedlora train} and {@code fedlora eval}: adapters without a federation.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.training.TrainCommand}.
 */
@NullMarked
package dev.fedlora.cli.training;

import org.jspecify.annotations.NullMarked;
