package dev.fedlora.lora.onnx;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an ONNX graph tells about the BERT encoder in it. Nothing is assumed that the graph does not show: the number of
 * heads comes from the shape that the queries are reshaped to, or from the attention's scale.
 */
final class BertGraph {
    private static final String WORD_EMBEDDINGS = "embeddings.word_embeddings.weight";

    private static final List<String> QUANTIZED =
            List.of("MatMulInteger", "DynamicQuantizeLinear", "DequantizeLinear", "QLinearMatMul");

    private final OnnxGraph graph;
    private final String prefix;
    private final Map<String, OnnxNode> products = new HashMap<>();
    private final int hidden;
    private final int layers;

    BertGraph(OnnxGraph graph) {
        this.graph = graph;
        for (String operation : QUANTIZED) {
            if (graph.hasOperation(operation)) {
                throw graph.malformed(
                        "is quantized (it has %s nodes); take the file with float weights".formatted(operation));
            }
        }
        String words = graph.constantNames().stream()
                .filter(name -> name.endsWith(WORD_EMBEDDINGS))
                .findFirst()
                .orElseThrow(() -> graph.malformed("is not a BERT encoder: it has no tensor " + WORD_EMBEDDINGS));
        this.prefix = words.substring(0, words.length() - WORD_EMBEDDINGS.length());
        for (OnnxNode node : graph.nodes()) {
            if (node.operation().equals("MatMul") || node.operation().equals("Gemm")) {
                products.putIfAbsent(node.module(), node);
            }
        }
        this.hidden = matrix(WORD_EMBEDDINGS).dimension(1);
        this.layers = countLayers();
        if (!graph.hasOperation("Erf") && !graph.hasOperation("Gelu")) {
            throw graph.malformed("its activation is not the GELU of BERT: it has no Erf or Gelu node");
        }
    }

    int hidden() {
        return hidden;
    }

    int layers() {
        return layers;
    }

    /** Returns a tensor under its Hugging Face name. */
    OnnxTensor tensor(String name) {
        return graph.constant(prefix + name);
    }

    /** Returns a tensor of two dimensions. */
    OnnxTensor matrix(String name) {
        OnnxTensor tensor = tensor(name);
        if (tensor.dimensions().size() != 2) {
            throw graph.malformed(
                    "tensor %s%s has shape %s, expected a matrix".formatted(prefix, name, tensor.dimensions()));
        }
        return tensor;
    }

    /** Returns the weight of the linear layer {@code module}, outputs × inputs and row-major. */
    float[] linear(String module, int outputs, int inputs) {
        Optional<OnnxTensor> named = graph.findConstant(prefix + module + ".weight");
        if (named.isPresent()) {
            return named.get().expect(outputs, inputs).floats();
        }
        OnnxNode product = products.get(prefix + module);
        if (product == null || product.inputs().size() < 2) {
            throw graph.malformed("has no weight for %s%s".formatted(prefix, module));
        }
        // the exporter folds x · Wᵀ into one constant, so what it stores is inputs × outputs
        return transposed(
                graph.constant(product.inputs().get(1)).expect(inputs, outputs).floats(), inputs, outputs);
    }

    /** Returns the number of attention heads. */
    int heads() {
        String self = prefix + "encoder.layer.0.attention.self";
        int width = headWidthFromReshape(self)
                .or(() -> headWidthFromScale(self))
                .orElseThrow(
                        () -> graph.malformed(
                                "does not tell its number of attention heads: no Reshape of the queries and no attention scale"));
        if (width < 1 || hidden % width != 0) {
            throw graph.malformed("has heads of width %d, which does not divide the width %d".formatted(width, hidden));
        }
        return hidden / width;
    }

    /** Returns what LayerNorm adds to the variance. */
    float layerNormEpsilon() {
        String norm = prefix + "embeddings.LayerNorm";
        for (OnnxNode node : graph.nodes()) {
            if (node.operation().equals("LayerNormalization") && node.epsilon() != null) {
                return node.epsilon();
            }
            if (node.operation().equals("Sqrt") && node.module().equals(norm)) {
                return graph.producer(node.inputs().get(0))
                        .flatMap(this::floatInput)
                        .orElseThrow(() -> graph.malformed("adds no constant to the variance in " + norm));
            }
        }
        throw graph.malformed("has no LayerNorm with an epsilon in " + norm);
    }

    private int countLayers() {
        int count = 0;
        while (graph.findConstant(prefix + "encoder.layer." + count + ".attention.self.query.bias")
                .isPresent()) {
            count++;
        }
        if (count == 0) {
            throw graph.malformed(
                    "is not a BERT encoder: it has no tensor " + prefix + "encoder.layer.0.attention.self.query.bias");
        }
        return count;
    }

    /** The last number of the shape [batch, tokens, heads, width] that the queries of a layer are reshaped to. */
    private Optional<Integer> headWidthFromReshape(String self) {
        return graph.nodes().stream()
                .filter(node ->
                        node.operation().equals("Reshape") && node.inputs().size() == 2)
                .filter(node -> graph.producer(node.inputs().get(0))
                        .map(OnnxNode::module)
                        .filter((self + ".query")::equals)
                        .isPresent())
                .findFirst()
                .flatMap(node -> lastOfShape(node.inputs().get(1)));
    }

    private Optional<Integer> lastOfShape(String shape) {
        Optional<OnnxTensor> constant = graph.findConstant(shape);
        if (constant.isEmpty()) { // parts put together at run time; the last one is known
            Optional<OnnxNode> concat =
                    graph.producer(shape).filter(node -> node.operation().equals("Concat"));
            constant = concat.filter(node -> node.inputs().size() == 4)
                    .flatMap(node -> graph.findConstant(node.inputs().get(3)));
        }
        return constant.filter(OnnxTensor::isWhole)
                .map(OnnxTensor::wholes)
                .filter(s -> s.length > 0)
                .map(sizes -> (int) Math.max(-1, Math.min(Integer.MAX_VALUE, sizes[sizes.length - 1])));
    }

    /** Scores are divided by the square root of the head's width. */
    private Optional<Integer> headWidthFromScale(String self) {
        return graph.nodes().stream()
                .filter(node -> node.operation().equals("Div") && node.module().equals(self))
                .findFirst()
                .flatMap(this::floatInput)
                .map(scale -> Math.round(scale * scale));
    }

    /** Returns the constant number among a node's inputs. */
    private Optional<Float> floatInput(OnnxNode node) {
        List<OnnxTensor> numbers = node.inputs().stream()
                .flatMap(input -> graph.findConstant(input).stream())
                .filter(tensor ->
                        tensor.isFloating() && tensor.dimensions().stream().allMatch(dimension -> dimension == 1))
                .toList();
        return numbers.size() == 1 ? Optional.of(numbers.get(0).floats()[0]) : Optional.empty();
    }

    private static float[] transposed(float[] values, int rows, int columns) {
        float[] turned = new float[values.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                turned[column * rows + row] = values[row * columns + column];
            }
        }
        return turned;
    }
}
