/** Tests of local training over tiny models in memory, and over the golden files. */
@NullMarked
package dev.fedlora.lora.train;

import org.jspecify.annotations.NullMarked;
