/** Placeholder sentence. */
@NullMarked
package dev.fedlora.simulations;

import org.jspecify.annotations.NullMarked;
