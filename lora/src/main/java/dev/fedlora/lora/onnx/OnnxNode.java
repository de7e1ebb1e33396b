package dev.fedlora.lora.onnx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One operation of an ONNX graph.
 *
 * @param epsilon the attribute of that name, or null
 * @param value the tensor of a Constant, or null
 */
record OnnxNode(
        String operation,
        String name,
        List<String> inputs,
        List<String> outputs,
        @Nullable Float epsilon,
        @Nullable OnnxTensor value) {
    /** Returns the path of the module that the node was exported from, with dots: its name without the last part. */
    String module() {
        int end = name.lastIndexOf('/');
        int start = name.startsWith("/") ? 1 : 0;
        return end <= start ? "" : name.substring(start, end).replace('/', '.');
    }
}
