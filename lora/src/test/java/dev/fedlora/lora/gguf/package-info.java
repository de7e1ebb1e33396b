/** Tests of GGUF files. */
@org.jspecify.annotations.NullMarked
package dev.fedlora.lora.gguf;
