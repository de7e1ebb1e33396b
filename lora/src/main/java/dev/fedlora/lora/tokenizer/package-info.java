/**
 * Tokenizers that are read from a GGUF file's vocabulary and give the ids that llama.cpp gives.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.tokenizer.Tokenizer}; {@link dev.fedlora.lora.tokenizer.Tokenizers}
 * chooses one by the file's {@code tokenizer.ggml.model}.
 *
 * <p>Sources: BERT's WordPiece (Devlin et al., NAACL 2019, arXiv 1810.04805) as llama.cpp's llm_tokenizer_wpm does it.
 */
@NullMarked
package dev.fedlora.lora.tokenizer;

import org.jspecify.annotations.NullMarked;
