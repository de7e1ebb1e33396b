/** Tests of products and row kernels: every fast one against its specification. */
@NullMarked
package dev.fedlora.lora.tensor;

import org.jspecify.annotations.NullMarked;
