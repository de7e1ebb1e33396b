/**
 * {@code fedlora task}: what a federation trains and on which terms.
 *
 * <p>Vocabulary: a <i>draft</i> is the short file that a person writes; a complete task has every field and a hash, by
 * which clients and coordinator know that they mean the same.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.task.TaskGroup}; {@code dev.fedlora.cli.task.TaskDraft} shows a draft.
 */
@NullMarked
package dev.fedlora.cli.task;

import org.jspecify.annotations.NullMarked;
