/** Tests of what an adapter can have wrong. */
@org.jspecify.annotations.NullMarked
package dev.fedlora.lora.verify;
