/** Rosters, tasks, adapters and clients that the tests of this module share. */
@NullMarked
package dev.fedlora.coordinator.testing;

import org.jspecify.annotations.NullMarked;
