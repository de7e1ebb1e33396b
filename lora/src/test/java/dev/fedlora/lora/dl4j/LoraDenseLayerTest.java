package dev.fedlora.lora.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.AdapterSpec;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class LoraDenseLayerTest {
    private static final double STEP = 1e-5; // truncation about 1e-10, rounding about 1e-11 of the loss

    /**
     * Largest distance of a gradient from the central difference, relative to the larger of the two or 1e-3, below which the
     * difference itself is rounding. Measured 4e-8 at most.
     */
    private static final double TOLERANCE = 1e-6;

    @Test
    void gradient_adaptedNetworkInDouble_equalsCentralDifferences() {
        BaseNetwork base = BaseNetwork.of(TinyNetwork.trained(DataType.DOUBLE));
        LoraNetwork adapted = base.adapt(TinyNetwork.adapter(base, TinyNetwork.LABELS));
        DataSet data = TinyNetwork.data(6, 5, DataType.DOUBLE);
        MultiLayerNetwork network = adapted.network();

        int checked = check(network, data, "0_A", "0_B", "2_A", "2_B", "3_W", "3_b");
        assertThat(checked).isEqualTo(adapted.parameterCount());
        assertThat(network.gradient().gradientForVariable()).doesNotContainKeys("0_W", "0_b", "2_W");
    }

    @ParameterizedTest
    @ValueSource(strings = {"layer0", "layer2"})
    void gradient_oneLayerAdapted_equalsCentralDifferences(String target) {
        BaseNetwork base = BaseNetwork.of(TinyNetwork.trained(DataType.DOUBLE));
        LoraNetwork adapted = base.adapt(base.newAdapter(new AdapterSpec(2, 3, List.of(target)), List.of(), 1));
        DataSet data = TinyNetwork.data(6, 5, DataType.DOUBLE);
        String layer = target.substring(5);

        assertThat(check(adapted.network(), data, layer + "_A", layer + "_B")).isEqualTo(adapted.parameterCount());
    }

    @Test
    void gradient_twoLayersFromAConfiguration_equalsCentralDifferences() {
        MultiLayerNetwork network = network(1);
        DataSet data = TinyNetwork.data(6, 5, DataType.DOUBLE);
        network.getLayer(0)
                .getParam("B")
                .assign(Nd4j.rand(DataType.DOUBLE, 2, 6).subi(0.5));
        network.getLayer(1)
                .getParam("B")
                .assign(Nd4j.rand(DataType.DOUBLE, 3, 5).subi(0.5));

        assertThat(check(network, data, "0_A", "0_B", "1_A", "1_B")).isEqualTo(2 * (4 + 6) + 3 * (6 + 5));
    }

    @Test
    void fit_fromAConfiguration_learnsAndLeavesTheWeightsAlone() {
        MultiLayerNetwork network = network(1);
        DataSet data = TinyNetwork.data(64, 5, DataType.DOUBLE);
        Map<String, INDArray> before = network.clone().paramTable();
        double loss = network.score(data);
        for (int i = 0; i < 50; i++) {
            network.fit(data);
        }

        assertThat(network.score(data)).isLessThan(0.8 * loss);
        for (String frozen : List.of("0_W", "0_b", "1_W")) {
            assertThat(network.getParam(frozen)).as(frozen).isEqualTo(before.get(frozen));
        }
    }

    @Test
    void fit_sameSeed_givesTheSameParameters() {
        DataSet data = TinyNetwork.data(16, 5, DataType.DOUBLE);
        MultiLayerNetwork one = network(1);
        MultiLayerNetwork two = network(1);
        one.fit(data);
        two.fit(data);

        assertThat(two.params()).isEqualTo(one.params());
    }

    @Test
    void configuration_throughJson_isEqual() {
        MultiLayerConfiguration configuration = network(1).getLayerWiseConfigurations();

        assertThat(MultiLayerConfiguration.fromJson(configuration.toJson())).isEqualTo(configuration);
        LoraDenseLayer other =
                new LoraDenseLayer.Builder().nIn(4).nOut(6).rank(2).scale(7).build();
        assertThat(configuration.getConf(0).getLayer()).isNotEqualTo(other);
    }

    @Test
    void getMemoryReport_layer_countsAllParameters() {
        LoraDenseLayer layer =
                new LoraDenseLayer.Builder().nIn(4).nOut(6).rank(2).build();
        layer.setIUpdater(new Adam());

        assertThat(layer.getMemoryReport(InputType.feedForward(4)).getParameterSize())
                .isEqualTo(4 * 6 + 6 + 2 * (4 + 6));
    }

    @Test
    void output_wrongWidth_isRefused() {
        assertThatThrownBy(() -> network(1).output(Nd4j.zeros(DataType.DOUBLE, 3, 5)))
                .isInstanceOf(DL4JInvalidInputException.class)
                .hasMessageContaining("takes examples x 4 values, got an array of shape [3, 5]");
    }

    @Test
    void build_badRankOrScale_isRefused() {
        assertThatThrownBy(() -> new LoraDenseLayer.Builder().nIn(2).nOut(2).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rank must be at least 1, got 0");
        for (double scale : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() ->
                            new LoraDenseLayer.Builder().rank(1).scale(scale).build())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("scale must be positive and finite, got " + scale);
        }
    }

    /** Compares every value of these parameters' gradients and returns how many there were. */
    private static int check(MultiLayerNetwork network, DataSet data, String... parameters) {
        network.setInput(data.getFeatures());
        network.setLabels(data.getLabels());
        network.computeGradientAndScore();
        Map<String, INDArray> gradients = network.gradient().gradientForVariable();
        int checked = 0;
        for (String name : parameters) {
            INDArray gradient = gradients.get(name).dup();
            INDArray values = network.getParam(name);
            for (int i = 0; i < values.rows(); i++) {
                for (int j = 0; j < values.columns(); j++) {
                    double at = values.getDouble(i, j);
                    values.putScalar(i, j, at + STEP);
                    double above = network.score(data, false);
                    values.putScalar(i, j, at - STEP);
                    double below = network.score(data, false);
                    values.putScalar(i, j, at);
                    // the score is a mean, the gradient that of the sum
                    double expected = (above - below) / (2 * STEP) * data.numExamples();
                    double got = gradient.getDouble(i, j);
                    double size = Math.max(1e-3, Math.max(Math.abs(got), Math.abs(expected)));
                    assertThat(Math.abs(got - expected) / size)
                            .as("%s %d,%d", name, i, j)
                            .isLessThan(TOLERANCE);
                    checked++;
                }
            }
        }
        return checked;
    }

    private static MultiLayerNetwork network(long seed) {
        MultiLayerConfiguration configuration = new NeuralNetConfiguration.Builder()
                .seed(seed)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(5e-2))
                .activation(Activation.TANH)
                .list()
                .layer(new LoraDenseLayer.Builder()
                        .nIn(4)
                        .nOut(6)
                        .rank(2)
                        .scale(1.5)
                        .build())
                .layer(new LoraDenseLayer.Builder()
                        .nIn(6)
                        .nOut(5)
                        .rank(3)
                        .hasBias(false)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(5)
                        .nOut(2)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init();
        return network;
    }
}
