package dev.fedlora.lora.onnx;

import dev.fedlora.lora.file.MalformedFileException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The constants and operations of an ONNX graph, found by name. Immutable. */
final class OnnxGraph {
    private final String source;
    private final Map<String, OnnxTensor> constants = new LinkedHashMap<>();
    private final List<OnnxNode> nodes;
    private final Map<String, OnnxNode> producers = new HashMap<>();

    OnnxGraph(String source, List<OnnxTensor> initializers, List<OnnxNode> nodes) {
        this.source = source;
        this.nodes = List.copyOf(nodes);
        initializers.forEach(tensor -> addConstant(tensor.name(), tensor));
        for (OnnxNode node : nodes) {
            node.outputs().forEach(output -> producers.put(output, node));
            if (node.operation().equals("Constant")
                    && node.value() != null
                    && !node.outputs().isEmpty()) {
                addConstant(node.outputs().get(0), node.value());
            }
        }
    }

    /** Returns the file's name, for errors. */
    String source() {
        return source;
    }

    List<OnnxNode> nodes() {
        return nodes;
    }

    /** Returns the names of all constants in the file's order. */
    List<String> constantNames() {
        return List.copyOf(constants.keySet());
    }

    Optional<OnnxTensor> findConstant(String name) {
        return Optional.ofNullable(constants.get(name));
    }

    OnnxTensor constant(String name) {
        return findConstant(name).orElseThrow(() -> malformed("has no tensor " + name));
    }

    /** Returns the node that computes {@code output}. */
    Optional<OnnxNode> producer(String output) {
        return Optional.ofNullable(producers.get(output));
    }

    boolean hasOperation(String operation) {
        return nodes.stream().anyMatch(node -> node.operation().equals(operation));
    }

    MalformedFileException malformed(String problem) {
        return new MalformedFileException(source, problem);
    }

    private void addConstant(String name, OnnxTensor tensor) {
        if (constants.putIfAbsent(name, tensor) != null) {
            throw malformed("tensor " + name + " appears twice");
        }
    }
}
