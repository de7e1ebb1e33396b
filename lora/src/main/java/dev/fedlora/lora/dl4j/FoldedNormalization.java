package dev.fedlora.lora.dl4j;

import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Batch normalization by stored statistics, as one product and sum a value: y = x w + b with w = gamma / √(variance +
 * epsilon) and b = beta - mean w. Stateless.
 */
final class FoldedNormalization {
    private FoldedNormalization() {}

    static ElementWiseMultiplicationLayer layer(BatchNormalization normalization) {
        ElementWiseMultiplicationLayer layer = new ElementWiseMultiplicationLayer.Builder()
                .name(normalization.getLayerName())
                .nIn(normalization.getNIn())
                .nOut(normalization.getNOut())
                .activation(Activation.IDENTITY)
                .weightInit(WeightInit.ONES)
                .biasInit(0)
                .build();
        layer.setIUpdater(new NoOp()); // it is frozen, but Deeplearning4j asks for one
        layer.setBiasUpdater(new NoOp());
        return layer;
    }

    static Map<String, INDArray> parameters(Layer normalization) {
        BatchNormalization settings = (BatchNormalization) normalization.conf().getLayer();
        INDArray mean = normalization.getParam("mean");
        INDArray variance = settings.isUseLogStd()
                ? Transforms.exp(normalization.getParam("log10stdev").mul(2 * Math.log(10))) // (10^s)²
                : normalization.getParam("var");
        INDArray weight = Transforms.pow(variance.add(settings.getEps()), -0.5);
        INDArray bias = mean.ulike().assign(settings.getBeta());
        if (settings.isLockGammaBeta()) {
            weight.muli(settings.getGamma());
        } else {
            weight.muli(normalization.getParam("gamma"));
            bias.assign(normalization.getParam("beta"));
        }
        return Map.of("W", weight, "b", bias.subi(mean.mul(weight)));
    }
}
