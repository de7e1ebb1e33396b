/** Placeholder sentence. */
@NullMarked
package dev.fedlora.client;

import org.jspecify.annotations.NullMarked;
