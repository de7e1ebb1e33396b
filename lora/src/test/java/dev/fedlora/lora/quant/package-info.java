/** Tests of quantized blocks: against ggml's bytes, definitions and laws. */
@NullMarked
package dev.fedlora.lora.quant;

import org.jspecify.annotations.NullMarked;
