/** Tests of what all file formats share. */
@org.jspecify.annotations.NullMarked
package dev.fedlora.lora.file;
