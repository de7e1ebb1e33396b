/**
 * {@code fedlora model}: base models in GGUF files.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.model.ModelGroup}.
 */
@NullMarked
package dev.fedlora.cli.model;

import org.jspecify.annotations.NullMarked;
