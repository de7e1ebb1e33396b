/**
 * Adapters as PEFT directories: what Hugging Face's PEFT, vLLM and text-generation-inference load.
 *
 * <p>Vocabulary: a <i>module</i> is a layer under its Hugging Face name, such as
 * {@code encoder.layer.0.attention.self.query}; a <i>tensor</i> is the same layer's weight under its GGUF name, such as
 * {@code blk.0.attn_q.weight}.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.peft.PeftDirectory}; a new architecture is one more
 * {@link dev.fedlora.lora.peft.ModuleNames}.
 *
 * <p>Sources: huggingface/peft, {@code LoraConfig} and {@code save_and_load.py}.
 */
@NullMarked
package dev.fedlora.lora.peft;

import org.jspecify.annotations.NullMarked;
