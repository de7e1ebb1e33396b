/** GGUF block types: dequantize and quantize, each with a reference twin. */
@NullMarked
package dev.fedlora.lora.quant;

import org.jspecify.annotations.NullMarked;
