/** Back ends for matrix products over frozen, quantized weights. */
@NullMarked
package dev.fedlora.lora.tensor;

import org.jspecify.annotations.NullMarked;
