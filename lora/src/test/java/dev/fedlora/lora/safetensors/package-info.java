/** Tests of the format and of what it refuses. */
@org.jspecify.annotations.NullMarked
package dev.fedlora.lora.safetensors;
