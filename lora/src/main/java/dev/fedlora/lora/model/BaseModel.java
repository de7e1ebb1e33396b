package dev.fedlora.lora.model;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.tensor.MatrixProducts;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * A frozen language model that adapters are trained over. Immutable and thread-safe: weights stay as they lie in the
 * file, usually memory-mapped and quantized; each worker thread opens a {@link ForwardPass} of its own.
 */
public interface BaseModel {
    /** Returns the GGUF architecture, such as {@code bert}. */
    String architecture();

    /** Returns the hex SHA-256 of the model's file; adapters name it and fit no other base. */
    String sha256();

    /** Returns D. */
    int width();

    /** Returns how many heads of attention share one head of keys and values: 1 unless they are grouped. */
    default int headsOfKey() {
        return 1;
    }

    /** Returns the number of blocks. */
    int blocks();

    /** Returns the longest sequence in tokens. */
    int contextLimit();

    /** Returns the number of tokens in the vocabulary. */
    int vocabulary();

    /** Returns the kinds of linear layers that every block has. */
    List<LinearLayer> linearLayers();

    /** Returns the output layer, vocabulary × width, of a model that says which token comes next. */
    default Optional<QuantizedMatrix> outputMatrix() {
        return Optional.empty();
    }

    /** Returns every matrix of the model's file that it computes with, in the order in which it does, each once. */
    List<QuantizedMatrix> frozenMatrices();

    /** Opens the working memory of one thread over {@code products}, which it owns from then on. */
    ForwardPass open(MatrixProducts products, ActivationPolicy policy);

    /** Opens the working memory of one thread, which keeps all activations. */
    default ForwardPass open(MatrixProducts products) {
        return open(products, ActivationPolicy.KEEP);
    }

    /**
     * Returns the bytes on the heap that a pass takes for a batch, forward and back, when every linear layer is adapted;
     * what the products take is not counted.
     *
     * @param rows tokens of the batch
     * @param rank of the adapter; where ranks differ, the highest
     */
    long passBytes(int rows, int rank, ActivationPolicy policy);

    /**
     * Makes an adapter that changes nothing yet: A uniform in ±1/√K, B zero (as PEFT starts), a head of zeros.
     *
     * @param labels class names, or none for an adapter without a head
     * @param seed of the values of A; the same seed gives the same adapter
     * @throws IllegalArgumentException when a target is no linear layer of this model
     */
    default LoraAdapter newAdapter(AdapterSpec spec, List<String> labels, long seed) {
        List<LinearLayer> targets = new ArrayList<>();
        for (String target : spec.targets()) {
            targets.add(linearLayers().stream()
                    .filter(layer -> layer.name().equals(target))
                    .findFirst()
                    .orElseThrow(() ->
                            new IllegalArgumentException("a %s model has no linear layer '%s'; an adapter can target %s"
                                    .formatted(
                                            architecture(),
                                            target,
                                            linearLayers().stream()
                                                    .map(LinearLayer::name)
                                                    .toList()))));
        }
        List<LoraFactors> factors = new ArrayList<>();
        for (int block = 0; block < blocks(); block++) {
            for (LinearLayer layer : targets) {
                int r = spec.rank(layer.tensor(block));
                factors.add(new LoraFactors(
                        layer.tensor(block),
                        r,
                        layer.inputs(),
                        layer.outputs(),
                        new float[r * layer.inputs()],
                        new float[layer.outputs() * r]));
            }
        }
        factors.sort(Comparator.comparing(LoraFactors::tensor));
        SplittableRandom random = new SplittableRandom(seed);
        for (LoraFactors each : factors) {
            double bound = 1 / Math.sqrt(each.inputs());
            for (int i = 0; i < each.a().length; i++) {
                each.a()[i] = (float) random.nextDouble(-bound, bound);
            }
        }
        ClassifierHead head = labels.isEmpty() ? null : ClassifierHead.zeros(labels, width());
        return new LoraAdapter(architecture(), sha256(), spec, factors, head);
    }

    /**
     * Lays {@code adapter} over this model; its arrays are shared.
     *
     * @throws IllegalArgumentException when the adapter was made for another base model or its shapes do not fit
     */
    default BoundAdapter bind(LoraAdapter adapter) {
        return bind(adapter, 1);
    }

    /**
     * Lays {@code adapter} over this model, weaker or stronger than it was trained; its arrays are shared.
     *
     * @param strength what the adapter's own scale is multiplied by; 0 is the base model alone
     * @throws IllegalArgumentException when the adapter was made for another base model, its shapes do not fit, or the
     *     strength is not finite
     */
    default BoundAdapter bind(LoraAdapter adapter, float strength) {
        if (!Float.isFinite(strength)) {
            throw new IllegalArgumentException("an adapter's scale must be finite, got " + strength);
        }
        if (!adapter.architecture().equals(architecture())) {
            throw new IllegalArgumentException("the adapter is for architecture %s, the base model is %s"
                    .formatted(adapter.architecture(), architecture()));
        }
        if (!adapter.baseSha256().equals(sha256())) {
            throw new IllegalArgumentException(
                    "the adapter was made for base model %s, this one is %s".formatted(adapter.baseSha256(), sha256()));
        }
        ClassifierHead head = adapter.head();
        if (head != null && head.inputs() != width()) {
            throw new IllegalArgumentException(
                    "the adapter's head takes %d inputs, the base model is %d wide".formatted(head.inputs(), width()));
        }
        return new BoundAdapter(adapter, strength, blocks(), linearLayers());
    }
}
