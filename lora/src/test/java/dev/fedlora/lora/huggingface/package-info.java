/** Tests of the conversion of Hugging Face model directories. */
@org.jspecify.annotations.NullMarked
package dev.fedlora.lora.huggingface;
