/** Placeholder sentence. */
@NullMarked
package dev.fedlora.privacy;

import org.jspecify.annotations.NullMarked;
