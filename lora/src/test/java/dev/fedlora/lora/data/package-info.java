/** Tests of reading examples. */
@org.jspecify.annotations.NullMarked
package dev.fedlora.lora.data;
