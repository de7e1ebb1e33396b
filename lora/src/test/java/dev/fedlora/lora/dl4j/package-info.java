/** Tests of adapted Deeplearning4j networks. */
@NullMarked
package dev.fedlora.lora.dl4j;

import org.jspecify.annotations.NullMarked;
