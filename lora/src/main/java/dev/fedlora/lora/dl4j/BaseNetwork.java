package dev.fedlora.lora.dl4j;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A trained network of Deeplearning4j, frozen: what adapters are laid over. The network that it is made of is copied and
 * never changed.
 *
 * <p>An adapter's targets are names of dense layers. The factors of the layer called {@code encoder} at position 2 are those
 * of the tensor {@code blk.2.encoder.weight}: adapters' tensors are called so everywhere, and so a dense network's adapters
 * need no format of their own. Names are lower-case letters, digits and underscores; Deeplearning4j's own {@code layer2}
 * fits. Where a task has labels, the head is the output layer, and training starts from its trained weights, not from zero.
 *
 * <p>Thread-safe.
 */
public final class BaseNetwork {
    /** What an adapter of such a network says its base is. */
    public static final String ARCHITECTURE = "dl4j";

    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,64}");

    private final MultiLayerNetwork trained;
    private final Map<String, Integer> denseLayers;
    private final String sha256;

    private BaseNetwork(MultiLayerNetwork trained, Map<String, Integer> denseLayers) {
        this.trained = trained;
        this.denseLayers = denseLayers;
        this.sha256 = NetworkHash.of(trained);
    }

    /**
     * Takes a trained network; a copy of it is kept.
     *
     * @throws IllegalArgumentException when it has no dense layer that factors can be added to, or two of one name
     */
    public static BaseNetwork of(MultiLayerNetwork network) {
        Map<String, Integer> dense = new LinkedHashMap<>();
        List<String> kinds = new ArrayList<>();
        for (int i = 0; i < network.getnLayers(); i++) {
            Layer layer = network.getLayer(i).conf().getLayer();
            kinds.add(layer.getClass().getSimpleName());
            if (layer instanceof DenseLayer plain && !plain.hasLayerNorm()) {
                String name = name(layer, i);
                if (dense.put(name, i) != null) {
                    throw new IllegalArgumentException("two dense layers are called '" + name + "'");
                }
            }
        }
        if (dense.isEmpty()) {
            throw new IllegalArgumentException(
                    "the network has no dense layer without layer normalization to add factors to; its layers are "
                            + kinds);
        }
        return new BaseNetwork(copy(network), dense);
    }

    /** Without the state of an optimizer. */
    private static MultiLayerNetwork copy(MultiLayerNetwork network) {
        MultiLayerNetwork copy =
                new MultiLayerNetwork(network.getLayerWiseConfigurations().clone());
        copy.init(network.params(), true);
        return copy;
    }

    private static String name(Layer layer, int index) {
        return layer.getLayerName() == null ? "layer" + index : layer.getLayerName();
    }

    /** Returns {@value #ARCHITECTURE}. */
    public String architecture() {
        return ARCHITECTURE;
    }

    /**
     * Returns the hash of what the network computes with, lower-case hex: the kinds, names, shapes and activations of its
     * layers, what goes between them, and all its parameters to the bit; not its training settings. An adapter fits networks
     * of this very hash and no others.
     */
    public String sha256() {
        return sha256;
    }

    /** Returns the names of the layers that can be targets, from the input to the output. */
    public List<String> denseLayers() {
        return List.copyOf(denseLayers.keySet());
    }

    /**
     * Returns an adapter that changes nothing yet: A from U(-1/√inputs, 1/√inputs), B zero, the head as it was trained.
     *
     * @param spec whose targets are names of dense layers
     * @param labels of the output layer's classes in their order; empty to leave the output layer frozen
     * @param seed of A; the same seed gives the same adapter
     * @throws IllegalArgumentException when a target is no dense layer here, or the output layer cannot be a head of these
     *     labels
     */
    public LoraAdapter newAdapter(AdapterSpec spec, List<String> labels, long seed) {
        List<LoraFactors> factors = new ArrayList<>();
        for (String target : spec.targets()) {
            DenseLayer layer = dense(target);
            String tensor = tensor(target);
            int rank = spec.rank(tensor);
            int inputs = Math.toIntExact(layer.getNIn());
            int outputs = Math.toIntExact(layer.getNOut());
            factors.add(new LoraFactors(
                    tensor, rank, inputs, outputs, new float[rank * inputs], new float[outputs * rank]));
        }
        factors.sort(Comparator.comparing(LoraFactors::tensor));
        SplittableRandom random = new SplittableRandom(seed);
        for (LoraFactors each : factors) {
            double bound = 1 / Math.sqrt(each.inputs());
            for (int i = 0; i < each.a().length; i++) {
                each.a()[i] = (float) random.nextDouble(-bound, bound);
            }
        }
        return new LoraAdapter(ARCHITECTURE, sha256, spec, factors, labels.isEmpty() ? null : head(labels));
    }

    /**
     * Returns a copy of the network with this adapter's factors in it, all else frozen.
     *
     * @throws IllegalArgumentException when the adapter is for another base, or its factors or head do not fit; the message
     *     names what differs
     */
    public synchronized LoraNetwork adapt(LoraAdapter adapter) {
        requireFits(adapter);
        LoraNetwork adapted = new LoraNetwork(adapter, new NetworkSurgery(trained, adapter).adapted());
        adapted.load(adapter.parameters());
        return adapted;
    }

    /**
     * Returns an ordinary network that computes what the adapted one does, with W + s (B A)ᵀ in place of W and the adapter's
     * head in place of the output layer: for use where nobody knows of adapters.
     *
     * @throws IllegalArgumentException as {@link #adapt} does
     */
    public synchronized MultiLayerNetwork merge(LoraAdapter adapter) {
        requireFits(adapter);
        MultiLayerNetwork merged = copy(trained);
        for (LoraFactors each : adapter.factors()) {
            INDArray weight = merged.getLayer(NetworkSurgery.layer(each)).getParam(LoraDenseParameters.WEIGHT);
            // the rows of A and B are the columns of what is multiplied here: Aᵀ Bᵀ, inputs x outputs
            INDArray a = Nd4j.createFromArray(each.a()).reshape('c', each.rank(), each.inputs());
            INDArray b = Nd4j.createFromArray(each.b()).reshape('c', each.outputs(), each.rank());
            INDArray product = Nd4j.gemm(a.castTo(weight.dataType()), b.castTo(weight.dataType()), true, true);
            weight.addi(product.muli(adapter.spec().scale(each)));
        }
        new LoraNetwork(adapter, merged).loadHead();
        return merged;
    }

    private void requireFits(LoraAdapter adapter) {
        if (!adapter.architecture().equals(ARCHITECTURE)
                || !adapter.baseSha256().equals(sha256)) {
            throw new IllegalArgumentException(
                    "adapter/base mismatch: the adapter is for the %s model with SHA-256 %s, this is a %s network with SHA-256 %s"
                            .formatted(adapter.architecture(), adapter.baseSha256(), ARCHITECTURE, sha256));
        }
        for (LoraFactors each : adapter.factors()) {
            String target = each.tensor().replaceAll("^blk\\.\\d+\\.|\\.weight$", "");
            DenseLayer layer = dense(target);
            if (!each.tensor().equals(tensor(target))
                    || each.inputs() != layer.getNIn()
                    || each.outputs() != layer.getNOut()) {
                throw new IllegalArgumentException(
                        "the adapter's factors of %s are for %d x %d, the network has %s, %d x %d"
                                .formatted(
                                        each.tensor(),
                                        each.outputs(),
                                        each.inputs(),
                                        tensor(target),
                                        layer.getNOut(),
                                        layer.getNIn()));
            }
        }
        ClassifierHead head = adapter.head();
        if (head != null && head.inputs() != output(head.labels()).getNIn()) {
            throw new IllegalArgumentException("the adapter's head takes %d values, the network's output layer %d"
                    .formatted(head.inputs(), output(head.labels()).getNIn()));
        }
    }

    private DenseLayer dense(String name) {
        Integer index = denseLayers.get(name);
        if (index == null) {
            throw new IllegalArgumentException(
                    "the network has no dense layer '%s'; an adapter can target %s".formatted(name, denseLayers()));
        }
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "dense layer '%s' cannot be a target by this name, allowed are 1 to 64 of a-z, 0-9 and _"
                            .formatted(name));
        }
        return (DenseLayer) trained.getLayer(index).conf().getLayer();
    }

    private String tensor(String target) {
        return "blk.%d.%s.weight".formatted(denseLayers.get(target), target);
    }

    private ClassifierHead head(List<String> labels) {
        int inputs = Math.toIntExact(output(labels).getNIn());
        ClassifierHead head = ClassifierHead.zeros(labels, inputs);
        org.deeplearning4j.nn.api.Layer layer = trained.getOutputLayer();
        float[] weight = NetworkParameters.floats(layer.getParam(LoraDenseParameters.WEIGHT));
        float[] bias = NetworkParameters.floats(layer.getParam(LoraDenseParameters.BIAS));
        System.arraycopy(weight, 0, head.weight(), 0, weight.length);
        System.arraycopy(bias, 0, head.bias(), 0, bias.length);
        return head;
    }

    private OutputLayer output(List<String> labels) {
        Layer last = trained.getOutputLayer().conf().getLayer();
        if (!(last instanceof OutputLayer output) || !output.hasBias()) {
            throw new IllegalArgumentException(
                    "labels need an OutputLayer with a bias as the last layer, the network has %s; without labels it stays frozen"
                            .formatted(last.getClass().getSimpleName()));
        }
        if (output.getNOut() != labels.size()) {
            throw new IllegalArgumentException("the network's output layer has %d classes, got the %d labels %s"
                    .formatted(output.getNOut(), labels.size(), labels));
        }
        return output;
    }

    /** Names the size only. */
    @Override
    public String toString() {
        return "BaseNetwork[dense layers %s, %d parameters, SHA-256 %s]"
                .formatted(denseLayers(), trained.numParams(), sha256);
    }
}
