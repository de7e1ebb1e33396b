/** Tests of tokenizers. */
@org.jspecify.annotations.NullMarked
package dev.fedlora.lora.tokenizer;
