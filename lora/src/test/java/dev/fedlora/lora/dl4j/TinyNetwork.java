package dev.fedlora.lora.dl4j;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A network of a few hundred weights with all that a trained one may have, and data for it. */
final class TinyNetwork {
    static final int INPUTS = 4;
    static final List<String> LABELS = List.of("no", "yes");

    private TinyNetwork() {}

    /** Dense with dropout and weight decay, batch normalization, dense without bias, softmax. Odd sizes, fitted a little. */
    static MultiLayerNetwork trained(DataType type) {
        MultiLayerConfiguration configuration = new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(type)
                .updater(new Adam(1e-2))
                .l2(1e-3)
                .list()
                .layer(dense(INPUTS, 7).dropOut(0.8).build())
                .layer(new BatchNormalization.Builder().nIn(7).nOut(7).build())
                .layer(dense(7, 5).hasBias(false).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(5)
                        .nOut(2)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init();
        for (int i = 0; i < 5; i++) {
            network.fit(data(32, 1, type));
        }
        return network;
    }

    /** Returns a network without anything that saturates: large inputs overflow in it. */
    static MultiLayerNetwork linear() {
        MultiLayerConfiguration configuration = new NeuralNetConfiguration.Builder()
                .seed(7)
                .list()
                .layer(dense(INPUTS, 3).activation(Activation.IDENTITY).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(3)
                        .nOut(2)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init();
        network.getLayer(0).getParam("W").assign(1);
        return network;
    }

    private static DenseLayer.Builder dense(int inputs, int outputs) {
        return new DenseLayer.Builder().nIn(inputs).nOut(outputs).activation(Activation.TANH);
    }

    /** Returns points of two classes that a line does not part. */
    static DataSet data(int examples, long seed, DataType type) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray features = Nd4j.zeros(type, examples, INPUTS);
        INDArray labels = Nd4j.zeros(type, examples, 2);
        for (int i = 0; i < examples; i++) {
            double[] x = random.doubles(INPUTS, -1, 1).toArray();
            for (int j = 0; j < INPUTS; j++) {
                features.putScalar(i, j, x[j]);
            }
            labels.putScalar(i, x[0] * x[1] + 0.3 * x[2] > 0 ? 1 : 0, 1);
        }
        return new DataSet(features, labels);
    }

    static AdapterSpec spec() {
        return new AdapterSpec(2, 3, List.of("layer0", "layer2"));
    }

    /** Returns an adapter in the middle of training: B is not zero. */
    static LoraAdapter adapter(BaseNetwork base, List<String> labels) {
        LoraAdapter adapter = base.newAdapter(spec(), labels, 3);
        SplittableRandom random = new SplittableRandom(4);
        float[] all = adapter.parameters();
        for (int i = 0; i < all.length; i++) {
            all[i] += (float) (0.3 * random.nextGaussian());
        }
        adapter.setParameters(all);
        return adapter;
    }
}
