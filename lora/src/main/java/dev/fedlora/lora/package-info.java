/** Placeholder sentence. */
@NullMarked
package dev.fedlora.lora;

import org.jspecify.annotations.NullMarked;
