/**
 * Training and test data: JSONL files of examples, and examples as token ids.
 *
 * <p>Vocabulary: an <i>example</i> is one labelled text; its <i>group</i> is whom it is about (the patient), the unit
 * that privacy can protect; an <i>encoded example</i> is what a trainer takes.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.data.JsonlExamples}.
 *
 * <p>Rules: an error names file and line, never the text in it.
 */
@NullMarked
package dev.fedlora.lora.data;

import org.jspecify.annotations.NullMarked;
