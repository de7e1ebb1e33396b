/** LoRA adapters: what they are made of, without how they are stored, computed or trained. */
@NullMarked
package dev.fedlora.lora;

import org.jspecify.annotations.NullMarked;
