/**
 * What all commands share: options, the answer, the words for an error.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.command.AnsweringCommand}.
 */
@NullMarked
package dev.fedlora.cli.command;

import org.jspecify.annotations.NullMarked;
