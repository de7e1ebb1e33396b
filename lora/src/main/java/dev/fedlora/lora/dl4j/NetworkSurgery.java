package dev.fedlora.lora.dl4j;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * Makes the adapted copy of a network. Layers that are not adapted run as at inference: no dropout, batch normalization by
 * its stored statistics. So no example's output depends on the others in its batch, as private training needs it, and
 * training draws no random numbers. Used once.
 *
 * <p>Deeplearning4j's batch normalization goes back by the batch's statistics even where it went forward by the stored ones,
 * so above an adapted layer it is replaced by what it then computes, a {@link FoldedNormalization}.
 */
final class NetworkSurgery {
    private final MultiLayerNetwork trained;
    private final LoraAdapter adapter;
    private final Map<Integer, LoraFactors> factors = new HashMap<>();
    private final int lowest;

    NetworkSurgery(MultiLayerNetwork trained, LoraAdapter adapter) {
        this.trained = trained;
        this.adapter = adapter;
        adapter.factors().forEach(each -> factors.put(layer(each), each));
        this.lowest = Collections.min(factors.keySet());
    }

    /** Returns the position of the layer that factors belong to. */
    static int layer(LoraFactors factors) {
        return Integer.parseInt(factors.tensor().split("\\.")[1]);
    }

    /** Returns a network with the trained weights, and factors that nobody has set yet. */
    MultiLayerNetwork adapted() {
        MultiLayerConfiguration configuration =
                trained.getLayerWiseConfigurations().clone();
        for (int i = 0; i < trained.getnLayers(); i++) {
            NeuralNetConfiguration own = configuration.getConf(i);
            own.clearVariables(); // filled anew from the new layer's parameters
            own.setLayer(replacement(i, own.getLayer()));
        }
        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init();
        for (int i = 0; i < trained.getnLayers(); i++) {
            Map<String, INDArray> values = isFolded(i)
                    ? FoldedNormalization.parameters(trained.getLayer(i))
                    : trained.getLayer(i).paramTable();
            for (Map.Entry<String, INDArray> each : values.entrySet()) {
                network.getLayer(i).getParam(each.getKey()).assign(each.getValue());
            }
        }
        return network;
    }

    private Layer replacement(int index, Layer layer) {
        LoraFactors own = factors.get(index);
        if (own != null) {
            return adapted((DenseLayer) layer, own);
        }
        if (index == trained.getnLayers() - 1) {
            return output(layer);
        }
        if (index < lowest) {
            return new FrozenLayer(layer); // no gradient goes further down
        }
        return new FrozenLayerWithBackprop(isFolded(index) ? folded(index, (BatchNormalization) layer) : layer);
    }

    private boolean isFolded(int index) {
        return index > lowest && trained.getLayer(index).conf().getLayer() instanceof BatchNormalization;
    }

    private Layer folded(int index, BatchNormalization layer) {
        for (int i = lowest + 1; i <= index; i++) {
            if (trained.getLayerWiseConfigurations().getInputPreProcess(i) != null) {
                throw new IllegalArgumentException(
                        "layer %d normalizes reshaped values above the adapted layer %d; a gradient goes back through batch normalization of examples x values alone"
                                .formatted(index, lowest));
            }
        }
        return FoldedNormalization.layer(layer);
    }

    private LoraDenseLayer adapted(DenseLayer dense, LoraFactors factors) {
        LoraDenseLayer layer = new LoraDenseLayer.Builder()
                .name(dense.getLayerName())
                .nIn(dense.getNIn())
                .nOut(dense.getNOut())
                .hasBias(dense.hasBias())
                .activation(dense.getActivationFn())
                .rank(factors.rank())
                .scale(adapter.spec().scale(factors))
                .build();
        layer.setIUpdater(dense.getIUpdater());
        layer.setBiasUpdater(dense.getBiasUpdater());
        layer.setWeightInitFn(dense.getWeightInitFn());
        layer.setBiasInit(dense.getBiasInit());
        layer.setGradientNormalization(dense.getGradientNormalization());
        layer.setGradientNormalizationThreshold(dense.getGradientNormalizationThreshold());
        layer.setRegularization(List.of());
        layer.setRegularizationBias(List.of());
        return layer;
    }

    /** The output layer cannot be wrapped, Deeplearning4j would not find it; without a head its rate is zero. */
    private Layer output(Layer trainedOutput) {
        Layer layer = trainedOutput.clone();
        layer.setIDropout(null);
        layer.setConstraints(null);
        if (layer instanceof BaseLayer base) {
            base.setRegularization(List.of());
            base.setRegularizationBias(List.of());
            base.setWeightNoise(null);
            if (adapter.head() == null) {
                base.setIUpdater(new Sgd(0));
                base.setBiasUpdater(new Sgd(0));
            }
        }
        return layer;
    }
}
