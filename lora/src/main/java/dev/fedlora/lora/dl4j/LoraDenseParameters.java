package dev.fedlora.lora.dl4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.weights.WeightInitUniform;
import org.deeplearning4j.nn.weights.WeightInitXavier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Where the parameters of a {@link LoraDenseLayer} lie in the network's one vector, and how they start. Stateless. */
final class LoraDenseParameters implements ParamInitializer {
    static final LoraDenseParameters INSTANCE = new LoraDenseParameters();

    static final String WEIGHT = "W";
    static final String BIAS = "b";
    static final String A = "A";
    static final String B = "B";

    private LoraDenseParameters() {}

    static boolean isFrozen(String parameter) {
        return parameter.equals(WEIGHT) || parameter.equals(BIAS);
    }

    @Override
    public long numParams(NeuralNetConfiguration configuration) {
        return numParams(configuration.getLayer());
    }

    @Override
    public long numParams(Layer layer) {
        return shapes((LoraDenseLayer) layer).values().stream()
                .mapToLong(LoraDenseParameters::length)
                .sum();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        return new ArrayList<>(shapes((LoraDenseLayer) layer).keySet());
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return List.of(WEIGHT, A, B);
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return ((LoraDenseLayer) layer).hasBias() ? List.of(BIAS) : List.of();
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return weightKeys(layer).contains(key);
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return biasKeys(layer).contains(key);
    }

    /** A from U(-1/√nIn, 1/√nIn), B zero; W and b as the configuration says, until trained ones are put there. */
    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration configuration, INDArray view, boolean initialize) {
        LoraDenseLayer layer = (LoraDenseLayer) configuration.getLayer();
        Map<String, INDArray> parameters = views(layer, view);
        parameters.keySet().forEach(configuration::addVariable);
        if (initialize) {
            initialize(layer, parameters);
        }
        return parameters;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration configuration, INDArray view) {
        return views((LoraDenseLayer) configuration.getLayer(), view);
    }

    private static void initialize(LoraDenseLayer layer, Map<String, INDArray> parameters) {
        long in = layer.getNIn();
        long out = layer.getNOut();
        var weightInit = layer.getWeightInitFn() == null ? new WeightInitXavier() : layer.getWeightInitFn();
        parameters.forEach((name, values) -> {
            switch (name) {
                case WEIGHT -> weightInit.init(in, out, new long[] {in, out}, 'f', values);
                case BIAS -> values.assign(layer.getBiasInit());
                case A -> new WeightInitUniform().init(in, layer.rank(), new long[] {in, layer.rank()}, 'f', values);
                case B -> values.assign(0);
                default -> throw new IllegalStateException("a LoRA layer has no parameter " + name);
            }
        });
    }

    private static Map<String, INDArray> views(LoraDenseLayer layer, INDArray view) {
        INDArray flat = view.reshape(view.length());
        Map<String, INDArray> views = new LinkedHashMap<>();
        long from = 0;
        for (Map.Entry<String, long[]> each : shapes(layer).entrySet()) {
            long[] shape = each.getValue();
            long to = from + length(shape);
            views.put(each.getKey(), flat.get(NDArrayIndex.interval(from, to)).reshape('f', shape));
            from = to;
        }
        return views;
    }

    private static long length(long... shape) {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    private static Map<String, long[]> shapes(LoraDenseLayer layer) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put(WEIGHT, new long[] {layer.getNIn(), layer.getNOut()});
        if (layer.hasBias()) {
            shapes.put(BIAS, new long[] {layer.getNOut()});
        }
        shapes.put(A, new long[] {layer.getNIn(), layer.rank()});
        shapes.put(B, new long[] {layer.rank(), layer.getNOut()});
        return shapes;
    }
}
