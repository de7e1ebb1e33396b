/**
 * What all file formats share: one exception for broken content, whole-or-nothing writes, the hash of a file.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.file.WholeFile}.
 */
@NullMarked
package dev.fedlora.lora.file;

import org.jspecify.annotations.NullMarked;
