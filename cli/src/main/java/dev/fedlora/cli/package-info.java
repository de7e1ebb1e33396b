/** Placeholder sentence. */
@NullMarked
package dev.fedlora.cli;

import org.jspecify.annotations.NullMarked;
