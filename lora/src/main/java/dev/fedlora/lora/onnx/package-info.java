/**
 * Encoders out of ONNX files: their weights found, named and written as GGUF.
 *
 * <p>Vocabulary: an <i>initializer</i> is a constant tensor of the graph; a <i>node</i> is one operation of it; an
 * exported model keeps the path of the module that a node came from in the node's name.
 *
 * <p>Where to look first: {@link dev.fedlora.lora.onnx.OnnxBertConverter}.
 *
 * <p>Rules: the protobuf wire format is read by hand over the file's bytes, and tensors are views of them; nothing is
 * believed about a length before it is compared with what is there.
 *
 * <p>Sources: onnx.proto (ONNX 1.15), the exporter of PyTorch 1.13, convert_hf_to_gguf.py of llama.cpp.
 */
@NullMarked
package dev.fedlora.lora.onnx;

import org.jspecify.annotations.NullMarked;
