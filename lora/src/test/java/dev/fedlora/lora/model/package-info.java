/** Tests of base models: gradients against an independent forward pass in double, laws, golden files. */
@NullMarked
package dev.fedlora.lora.model;

import org.jspecify.annotations.NullMarked;
