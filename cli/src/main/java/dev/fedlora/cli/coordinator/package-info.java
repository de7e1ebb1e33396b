/**
 * {@code fedlora coordinator}: the server of a federation as a process of its own.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.coordinator.CoordinatorGroup}; the server is {@code
 * dev.fedlora.coordinator.CoordinatorServer}.
 */
@NullMarked
package dev.fedlora.cli.coordinator;

import org.jspecify.annotations.NullMarked;
