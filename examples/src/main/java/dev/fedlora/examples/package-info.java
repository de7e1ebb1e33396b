/** Placeholder sentence. */
@NullMarked
package dev.fedlora.examples;

import org.jspecify.annotations.NullMarked;
