/** Tests of the conversion from ONNX. */
@org.jspecify.annotations.NullMarked
package dev.fedlora.lora.onnx;
