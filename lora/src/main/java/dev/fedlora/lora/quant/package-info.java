/**
 * GGUF block types: how frozen weights are stored, and the plain code that turns them into numbers and back.
 *
 * <p>Vocabulary: a <em>block</em> is a fixed number of neighbouring values of one row with a common scale; a row is a
 * whole number of blocks. Start at {@link dev.fedlora.lora.quant.QuantizedMatrix}; {@link
 * dev.fedlora.lora.quant.Dequantizer} is the specification of every type, and the fast kernels of the tensor back ends
 * answer to it. Source: ggml ({@code ggml-quants.c}, {@code ggml-common.h}).
 */
@NullMarked
package dev.fedlora.lora.quant;

import org.jspecify.annotations.NullMarked;
