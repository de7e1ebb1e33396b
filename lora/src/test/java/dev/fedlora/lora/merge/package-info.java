/** Tests of merging. */
@org.jspecify.annotations.NullMarked
package dev.fedlora.lora.merge;
