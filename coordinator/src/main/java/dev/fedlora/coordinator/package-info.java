/** Placeholder sentence. */
@NullMarked
package dev.fedlora.coordinator;

import org.jspecify.annotations.NullMarked;
