/**
 * Hugging Face model directories, turned into GGUF files: configuration, weights, tokenizer.
 *
 * <p>Vocabulary: a <i>shard</i> is one of several weight files that an index names; a <i>family</i> is a set of model
 * classes with one GGUF architecture; a <i>pre-tokenizer</i> is how text is cut before byte pairs are merged, of which
 * GGUF keeps the name alone; a <i>piece</i> is a SentencePiece token.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.huggingface.HuggingFaceConverter}.
 *
 * <p>Rules: weights are streamed, some rows at a time; what the target could not express, or would mean something else
 * there, is refused by name; pickled weights are never read; no name in a directory leads out of it.
 *
 * <p>Sources: convert_hf_to_gguf.py and gguf-py of llama.cpp; transformers' configuration classes; sentencepiece_model.proto;
 * the tokenizer.json of huggingface/tokenizers.
 */
@NullMarked
package dev.fedlora.lora.huggingface;

import org.jspecify.annotations.NullMarked;
