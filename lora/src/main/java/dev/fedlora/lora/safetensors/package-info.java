/**
 * Safetensors files, and the canonical bytes of an adapter, which are one.
 *
 * <p>Layout: u64 length of the header, little-endian; the header, JSON padded with spaces to a multiple of 8: for each
 * tensor its dtype, its shape (row length last) and the range of its bytes after the header; the bytes, without holes.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.safetensors.SafetensorsFile},
 * {@link dev.fedlora.lora.safetensors.AdapterBytes}.
 *
 * <p>Sources: the README of huggingface/safetensors; what its library refuses is refused here.
 */
@NullMarked
package dev.fedlora.lora.safetensors;

import org.jspecify.annotations.NullMarked;
