/**
 * Training and test data: JSONL files of examples, and examples as token ids.
 *
 * <p>Vocabulary: an <i>example</i> is one labelled text, or one prompt with its response; its <i>group</i> is whom it is
 * about (the patient), the unit that privacy can protect; a <i>training example</i> is what a trainer takes, ids with a
 * label or ids of which some are <i>learned</i>, that is, predicted from those before them; a <i>template</i> is the text
 * around prompt and response.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.data.JsonlExamples}; for language models
 * {@link dev.fedlora.lora.data.JsonlPrompts} and {@link dev.fedlora.lora.data.PromptEncoder}.
 *
 * <p>Rules: an error names file and line, never the text in it.
 *
 * <p>Sources: the instruction template is that of Taori et al., Stanford Alpaca, 2023; chat templates are recognized as
 * llama.cpp's llm_chat_detect_template does it.
 */
@NullMarked
package dev.fedlora.lora.data;

import org.jspecify.annotations.NullMarked;
