/**
 * Base models and adapters as users name them: files in several forms, and the base models that come with the command.
 *
 * <p>Vocabulary: a <em>built-in</em> model lies on the class path as ONNX and is kept, converted, in the user's cache; an
 * <em>adapter form</em> is one of PEFT directory, GGUF adapter and canonical bytes.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.artifact.OpenedBase} and {@link dev.fedlora.cli.artifact.AdapterFile}.
 */
@NullMarked
package dev.fedlora.cli.artifact;

import org.jspecify.annotations.NullMarked;
