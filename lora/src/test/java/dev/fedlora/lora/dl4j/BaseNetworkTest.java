package dev.fedlora.lora.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class BaseNetworkTest {
    private final MultiLayerNetwork trained = TinyNetwork.trained(DataType.FLOAT);
    private final BaseNetwork base = BaseNetwork.of(trained);
    private final DataSet data = TinyNetwork.data(9, 2, DataType.FLOAT);

    @Test
    void adapt_freshAdapter_changesNothing() {
        for (List<String> labels : List.of(List.<String>of(), TinyNetwork.LABELS)) {
            LoraNetwork adapted = base.adapt(base.newAdapter(TinyNetwork.spec(), labels, 1));
            assertClose(adapted.network().output(data.getFeatures()), trained.output(data.getFeatures()));
        }
    }

    @Test
    void adapt_batchNormalizationOfEitherKind_computesTheSame() {
        for (boolean logarithmic : new boolean[] {true, false}) {
            MultiLayerNetwork normalized = network(
                    new DenseLayer.Builder().nIn(4).nOut(5).build(),
                    new BatchNormalization.Builder(logarithmic)
                            .nIn(5)
                            .nOut(5)
                            .useLogStd(logarithmic)
                            .gamma(2)
                            .beta(0.5)
                            .build(),
                    new OutputLayer.Builder(LossFunction.MSE).nIn(5).nOut(2).build());
            for (int i = 0; i < 5; i++) {
                normalized.fit(data);
            }
            BaseNetwork over = BaseNetwork.of(normalized);
            LoraAdapter fresh = over.newAdapter(new AdapterSpec(1, 1, List.of("layer0")), List.of(), 1);
            assertClose(over.adapt(fresh).network().output(data.getFeatures()), normalized.output(data.getFeatures()));
        }
    }

    @Test
    void adapt_batchNormalizationOfImagesAboveTheAdaptedLayer_isRefused() {
        BaseNetwork images = BaseNetwork.of(network(
                Map.of(1, new FeedForwardToCnnPreProcessor(2, 2, 2), 2, new CnnToFeedForwardPreProcessor(2, 2, 2)),
                new DenseLayer.Builder().nIn(4).nOut(8).build(),
                new BatchNormalization.Builder().nIn(2).nOut(2).build(),
                new OutputLayer.Builder(LossFunction.MSE).nIn(8).nOut(2).build()));
        LoraAdapter adapter = images.newAdapter(new AdapterSpec(1, 1, List.of("layer0")), List.of(), 1);

        assertThatThrownBy(() -> images.adapt(adapter))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("layer 1 normalizes reshaped values above the adapted layer 0;");
    }

    @Test
    void merge_adapter_computesWhatTheAdaptedNetworkDoes() {
        LoraAdapter adapter = TinyNetwork.adapter(base, TinyNetwork.LABELS);
        INDArray adapted = base.adapt(adapter).network().output(data.getFeatures());

        assertClose(base.merge(adapter).output(data.getFeatures()), adapted);
        assertThat(adapted.distance2(trained.output(data.getFeatures()))).isGreaterThan(0.1);
    }

    @Test
    void adapter_throughItsBytes_isTheSame() {
        LoraAdapter adapter = TinyNetwork.adapter(base, TinyNetwork.LABELS);
        LoraAdapter read = AdapterBytes.decode(AdapterBytes.encode(adapter));

        assertThat(base.adapt(read).adapter()).isEqualTo(adapter);
        assertThat(read.factors().get(1).tensor()).isEqualTo("blk.2.layer2.weight");
        // 2 x (4 + 7) and 2 x (7 + 5) for the factors, 2 x 5 + 2 for the head
        assertThat(base.adapt(read).parameterCount()).isEqualTo(22 + 24 + 12);
    }

    @Test
    void newAdapter_head_startsAsTrained() {
        LoraAdapter adapter = base.newAdapter(TinyNetwork.spec(), TinyNetwork.LABELS, 1);
        INDArray weight = trained.getLayer(3).getParam("W"); // inputs x classes

        assertThat(adapter.head().weight()[5 + 2]).isEqualTo(weight.getFloat(2, 1));
    }

    @Test
    void fit_adaptedNetwork_changesFactorsAlone() {
        LoraNetwork adapted = base.adapt(base.newAdapter(TinyNetwork.spec(), List.of(), 1));
        float[] before = adapted.parameters();
        INDArray normalization = adapted.network().getLayer(1).params().dup();
        for (int i = 0; i < 3; i++) {
            adapted.network().fit(data);
        }

        assertThat(adapted.parameters()).isNotEqualTo(before);
        assertFrozen(adapted, 0, 2, 3);
        assertThat(adapted.network().getLayer(1).params()).isEqualTo(normalization);
    }

    @Test
    void fit_withHead_changesTheHeadToo() {
        LoraNetwork adapted = base.adapt(base.newAdapter(TinyNetwork.spec(), TinyNetwork.LABELS, 1));
        adapted.network().fit(data);

        assertThat(adapted.network().getLayer(3).getParam("W"))
                .isNotEqualTo(trained.getLayer(3).getParam("W"));
        assertFrozen(adapted, 0, 2);
    }

    @Test
    void modelSerializer_adaptedNetwork_comesBackWhole(@TempDir Path folder) throws Exception {
        LoraNetwork adapted = base.adapt(TinyNetwork.adapter(base, List.of()));
        ModelSerializer.writeModel(adapted.network(), folder.resolve("net.zip").toFile(), true);
        MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(
                folder.resolve("net.zip").toFile());

        assertThat(restored.getLayer(0).conf().getLayer())
                .isEqualTo(adapted.network().getLayer(0).conf().getLayer())
                .hasToString("LoraDenseLayer[layer0, 4 x 7, rank 2, scale 1.5]");
        assertThat(restored.params()).isEqualTo(adapted.network().params());
        assertThat(restored.output(data.getFeatures()))
                .isEqualTo(adapted.network().output(data.getFeatures()));
        restored.fit(data);
        assertThat(restored.getLayer(0).getParam("W"))
                .isEqualTo(trained.getLayer(0).getParam("W"));
    }

    @Test
    void sha256_networkFromAFile_isTheSame(@TempDir Path folder) throws Exception {
        ModelSerializer.writeModel(trained, folder.resolve("net.zip").toFile(), true);
        MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(
                folder.resolve("net.zip").toFile());

        assertThat(BaseNetwork.of(restored).sha256()).isEqualTo(base.sha256());
    }

    @Test
    void sha256_oneWeightOrActivation_makesAnotherBase() {
        MultiLayerNetwork weight = trained.clone();
        weight.getLayer(1).getParam("mean").putScalar(0, 0, 0.5);
        MultiLayerNetwork activation = trained.clone();
        ((DenseLayer) activation.getLayer(0).conf().getLayer())
                .setActivationFn(Activation.RELU.getActivationFunction());

        assertThat(List.of(
                        base.sha256(),
                        BaseNetwork.of(weight).sha256(),
                        BaseNetwork.of(activation).sha256()))
                .doesNotHaveDuplicates();
    }

    @Test
    void of_trainingSettings_doNotMatter() {
        MultiLayerNetwork other = trained.clone();
        ((DenseLayer) other.getLayer(0).conf().getLayer()).setIUpdater(new Adam(0.5));

        assertThat(BaseNetwork.of(other).sha256()).isEqualTo(base.sha256());
    }

    @Test
    void of_callersNetwork_isCopied() {
        String hash = base.sha256();
        trained.fit(data);
        LoraNetwork adapted = base.adapt(base.newAdapter(TinyNetwork.spec(), List.of(), 1));

        assertThat(BaseNetwork.of(trained).sha256()).isNotEqualTo(hash);
        assertThat(adapted.adapter().baseSha256()).isEqualTo(hash);
        assertThat(adapted.network().getLayer(0).getParam("W"))
                .isNotEqualTo(trained.getLayer(0).getParam("W"));
    }

    @Test
    void of_noDenseLayer_isRefused() {
        MultiLayerNetwork plain = network(new OutputLayer.Builder(LossFunction.MCXENT)
                .nIn(3)
                .nOut(2)
                .activation(Activation.SOFTMAX)
                .build());

        assertThatThrownBy(() -> BaseNetwork.of(plain))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "the network has no dense layer without layer normalization to add factors to; its layers are [OutputLayer]");
    }

    @Test
    void newAdapter_whatTheNetworkHasNot_isRefusedByName() {
        AdapterSpec unknown = new AdapterSpec(2, 2, List.of("layer0", "layer9"));
        assertThatThrownBy(() -> base.newAdapter(unknown, List.of(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the network has no dense layer 'layer9'; an adapter can target [layer0, layer2]");
        assertThatThrownBy(() -> base.newAdapter(TinyNetwork.spec(), List.of("a", "b", "c"), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the network's output layer has 2 classes, got the 3 labels [a, b, c]");
    }

    @Test
    void newAdapter_nameThatNoTensorCanHave_isRefused() {
        BaseNetwork odd = BaseNetwork.of(network(
                new DenseLayer.Builder().name("Hidden 1").nIn(3).nOut(3).build(),
                new OutputLayer.Builder(LossFunction.MSE).nIn(3).nOut(2).build()));

        assertThatThrownBy(() -> odd.newAdapter(new AdapterSpec(1, 1, List.of("Hidden 1")), List.of(), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "dense layer 'Hidden 1' cannot be a target by this name, allowed are 1 to 64 of a-z, 0-9 and _");
    }

    @Test
    void adapt_adapterOfAnotherNetwork_isRefused() {
        LoraAdapter adapter = base.newAdapter(TinyNetwork.spec(), List.of(), 1);
        LoraAdapter bert = new LoraAdapter("bert", base.sha256(), adapter.spec(), adapter.factors(), null);
        LoraAdapter other = new LoraAdapter("dl4j", "ab".repeat(32), adapter.spec(), adapter.factors(), null);
        LoraAdapter swapped = BaseNetwork.of(network(
                        new DenseLayer.Builder().nIn(3).nOut(3).build(),
                        new DenseLayer.Builder().nIn(3).nOut(3).build(),
                        new DenseLayer.Builder().nIn(3).nOut(3).build(),
                        new OutputLayer.Builder(LossFunction.MSE).nIn(3).nOut(2).build()))
                .newAdapter(TinyNetwork.spec(), List.of(), 1);
        LoraAdapter shapes = new LoraAdapter("dl4j", base.sha256(), swapped.spec(), swapped.factors(), null);

        assertThatThrownBy(() -> base.adapt(bert))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter/base mismatch")
                .hasMessageContaining("bert");
        assertThatThrownBy(() -> base.merge(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter/base mismatch")
                .hasMessageContaining("abab");
        assertThatThrownBy(() -> base.adapt(shapes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "the adapter's factors of blk.0.layer0.weight are for 3 x 3, the network has blk.0.layer0.weight, 7 x 4");
    }

    private static MultiLayerNetwork network(Layer... layers) {
        return network(Map.of(), layers);
    }

    private static MultiLayerNetwork network(Map<Integer, InputPreProcessor> between, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder().list();
        between.forEach(list::inputPreProcessor);
        for (var layer : layers) {
            list.layer(layer);
        }
        MultiLayerNetwork network = new MultiLayerNetwork(list.build());
        network.init();
        return network;
    }

    private void assertFrozen(LoraNetwork adapted, int... layers) {
        for (int layer : layers) {
            for (Map.Entry<String, INDArray> each :
                    trained.getLayer(layer).paramTable().entrySet()) {
                assertThat(adapted.network().getLayer(layer).getParam(each.getKey()))
                        .as("layer %d %s", layer, each.getKey())
                        .isEqualTo(each.getValue());
            }
        }
    }

    private static void assertClose(INDArray actual, INDArray expected) {
        // probabilities in float after four layers
        assertThat(actual.distance2(expected)).isCloseTo(0, within(1e-5));
    }
}
