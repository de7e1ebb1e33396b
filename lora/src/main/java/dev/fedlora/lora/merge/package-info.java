/**
 * Adapters merged into the base model they were trained for.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.merge.AdapterMerger}.
 *
 * <p>Sources: Hu et al., LoRA, ICLR 2022 (arXiv 2106.09685), section 4.1; llama.cpp's export-lora.
 */
@NullMarked
package dev.fedlora.lora.merge;

import org.jspecify.annotations.NullMarked;
