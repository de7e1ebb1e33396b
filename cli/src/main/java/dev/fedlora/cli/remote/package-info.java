/**
 * Reads what a coordinator tells everybody over HTTP: its state and its tasks.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.remote.CoordinatorReader}.
 */
@NullMarked
package dev.fedlora.cli.remote;

import org.jspecify.annotations.NullMarked;
