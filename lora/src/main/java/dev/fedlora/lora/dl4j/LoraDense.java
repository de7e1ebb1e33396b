package dev.fedlora.lora.dl4j;

import static dev.fedlora.lora.dl4j.LoraDenseParameters.A;
import static dev.fedlora.lora.dl4j.LoraDenseParameters.B;
import static dev.fedlora.lora.dl4j.LoraDenseParameters.BIAS;
import static dev.fedlora.lora.dl4j.LoraDenseParameters.WEIGHT;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a {@link LoraDenseLayer} computes. Written out by hand: the same layer as a graph of SameDiff builds and walks that
 * graph for every batch. Letters: n examples, K inputs, N outputs, r rank; A is kept as K × r and B as r × N.
 */
final class LoraDense extends BaseLayer<LoraDenseLayer> {
    private static final long serialVersionUID = 1;

    LoraDense(NeuralNetConfiguration configuration, DataType type) {
        super(configuration, type);
    }

    @Override
    public boolean hasBias() {
        return layerConf().hasBias();
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    /** z = x W + b + s (x Aᵀ) Bᵀ, n × N; there is no value before a normalization to go with it. */
    @Override
    protected Pair<INDArray, INDArray> preOutputWithPreNorm(
            boolean training, boolean forBackprop, LayerWorkspaceMgr workspaces) {
        assertInputSet(forBackprop);
        applyDropOutIfNecessary(training, workspaces);
        INDArray weight = getParam(WEIGHT);
        INDArray x = input(weight);
        INDArray z = workspaces.createUninitialized(
                forBackprop ? ArrayType.BP_WORKING_MEM : ArrayType.ACTIVATIONS,
                weight.dataType(),
                new long[] {x.size(0), weight.size(1)},
                'f');
        Nd4j.gemm(x, weight, z, false, false, 1, 0);
        if (hasBias()) {
            z.addiRowVector(getParam(BIAS));
        }
        INDArray hidden = hidden(x, forBackprop ? ArrayType.BP_WORKING_MEM : ArrayType.FF_WORKING_MEM, workspaces);
        Nd4j.gemm(hidden, getParam(B), z, false, false, layerConf().scale(), 1);
        return new Pair<>(z, null);
    }

    /** Gradients of A and B alone, and of x: dx = dz Wᵀ + s (dz B) A. */
    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        INDArray z = preOutputWithPreNorm(true, true, workspaces).getFirst();
        INDArray dz = layerConf().getActivationFn().backprop(z, epsilon).getFirst();
        if (maskArray != null) {
            applyMask(dz);
        }
        INDArray weight = getParam(WEIGHT);
        INDArray x = input(weight);
        INDArray hidden = hidden(x, ArrayType.BP_WORKING_MEM, workspaces);
        INDArray hiddenGradient = workspaces.createUninitialized(
                ArrayType.BP_WORKING_MEM,
                weight.dataType(),
                new long[] {x.size(0), layerConf().rank()},
                'f');
        Nd4j.gemm(dz, getParam(B), hiddenGradient, false, true, layerConf().scale(), 0);

        Gradient gradient = new DefaultGradient();
        INDArray a = gradientViews.get(A);
        INDArray b = gradientViews.get(B);
        Nd4j.gemm(x, hiddenGradient, a, true, false, 1, 0);
        Nd4j.gemm(hidden, dz, b, true, false, layerConf().scale(), 0);
        gradient.gradientForVariable().put(A, a);
        gradient.gradientForVariable().put(B, b);

        INDArray dx = workspaces.createUninitialized(
                ArrayType.ACTIVATION_GRAD, weight.dataType(), new long[] {x.size(0), weight.size(0)}, 'f');
        Nd4j.gemm(dz, weight, dx, false, true, 1, 0);
        Nd4j.gemm(hiddenGradient, getParam(A), dx, false, true, 1, 1);
        return new Pair<>(gradient, backpropDropOutIfPresent(dx));
    }

    private INDArray hidden(INDArray x, ArrayType home, LayerWorkspaceMgr workspaces) {
        INDArray hidden = workspaces.createUninitialized(
                home, x.dataType(), new long[] {x.size(0), layerConf().rank()}, 'f');
        return Nd4j.gemm(x, getParam(A), hidden, false, false, 1, 0);
    }

    private INDArray input(INDArray weight) {
        if (input.rank() != 2 || input.size(1) != weight.size(0)) {
            throw new DL4JInvalidInputException("layer %s takes examples x %d values, got an array of shape %s"
                    .formatted(layerId(), weight.size(0), Arrays.toString(input.shape())));
        }
        return input.castTo(weight.dataType());
    }
}
