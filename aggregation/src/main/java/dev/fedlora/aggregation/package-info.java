/** Placeholder sentence. */
@NullMarked
package dev.fedlora.aggregation;

import org.jspecify.annotations.NullMarked;
