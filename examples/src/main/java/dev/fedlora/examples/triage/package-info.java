/**
 * Synthetic triage notes: text that looks like a hospital's and is about nobody, for demonstrations and tests.
 *
 * <p>Vocabulary: a <em>disposition</em> is where a patient goes from triage, and the label; a <em>department</em> is one
 * client, with cases and phrases of its own.
 *
 * <p>Where to look first: {@link dev.fedlora.examples.triage.SyntheticTriageNotes}.
 *
 * <p>Not covered: medicine. The notes are put together from phrases by chance; nothing in them is clinical advice, and
 * figures reached on them say nothing about real notes.
 */
@NullMarked
package dev.fedlora.examples.triage;

import org.jspecify.annotations.NullMarked;
