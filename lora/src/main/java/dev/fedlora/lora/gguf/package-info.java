/**
 * GGUF files, version 2 and 3: read by memory mapping, written whole or not at all.
 *
 * <p>Vocabulary: <i>metadata</i> are typed values under string keys; a <i>tensor</i> has up to four <i>dimensions</i>,
 * the row length first, so a linear layer of N outputs and K inputs has dimensions [K, N]; the <i>alignment</i> is what
 * every tensor's offset is a multiple of; an <i>adapter file</i> is a GGUF file that llama.cpp loads beside a base model.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.gguf.GgufFile}; {@link dev.fedlora.lora.gguf.ModelQuantizer} writes a
 * model again with other types.
 *
 * <p>Rules: no count, length or offset of a file is believed before it is compared with the file's size.
 *
 * <p>Sources: the GGUF specification (ggml, docs/gguf.md), gguf.cpp, llama-adapter.cpp and llama-quant.cpp of
 * llama.cpp.
 */
@NullMarked
package dev.fedlora.lora.gguf;

import org.jspecify.annotations.NullMarked;
