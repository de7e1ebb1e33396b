/**
 * The one command: {@code fedlora}. Wiring only: each command reads its options, calls the library and shows the answer.
 *
 * <p>Vocabulary: a noun (model, adapter, task, ...) is a package here and a group of subcommands for its users. Each
 * command is one class.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.Fedlora}, then {@link dev.fedlora.cli.command.AnsweringCommand}.
 *
 * <p>Rules: the answer goes to standard output, all else to standard error; {@code --json} makes the answer exactly one
 * JSON object; exit code 0 is done, 1 failed, 2 wrong usage. An error is told in a line, its stack trace only with
 * {@code --verbose}. No package of a noun knows another's, and none knows this one.
 */
@NullMarked
package dev.fedlora.cli;

import org.jspecify.annotations.NullMarked;
