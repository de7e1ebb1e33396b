/**
 * Tokenizers that are read from a GGUF file's vocabulary and give the ids that llama.cpp gives.
 *
 * <p>Vocabulary: a <i>special token</i> is structure (begin, end, a turn of a chat) or one token wherever its text stands;
 * <i>markup</i> is text in which special tokens are recognized by name, all other text is <i>content</i>; a
 * <i>pre-tokenizer</i> splits a text into the words within which byte pairs are merged.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.tokenizer.Tokenizer}; {@link dev.fedlora.lora.tokenizer.Tokenizers}
 * chooses one by the file's {@code tokenizer.ggml.model}. A further pre-tokenizer is a few rules in {@code WordRules} and
 * a line in {@code PreTokenizer}.
 *
 * <p>Rules: content never becomes a control token; the classes of characters are those of one version of Unicode, whatever
 * Java's is; the work is in the length of a text, whatever it holds, hence no regular expressions.
 *
 * <p>Sources: BERT's WordPiece (Devlin et al., NAACL 2019, arXiv 1810.04805) as llama.cpp's llm_tokenizer_wpm does it;
 * SentencePiece (Kudo and Richardson, EMNLP 2018, arXiv 1808.06226) as its llm_tokenizer_spm does it; byte pairs (Sennrich
 * et al., ACL 2016, arXiv 1508.07909) as its llm_tokenizer_bpe does it.
 */
@NullMarked
package dev.fedlora.lora.tokenizer;

import org.jspecify.annotations.NullMarked;
