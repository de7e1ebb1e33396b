package dev.fedlora.lora.dl4j;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The identity of a frozen network. Stateless. */
final class NetworkHash {
    private static final String DOMAIN = "fedlora dl4j network v1";

    private NetworkHash() {}

    /** Returns the SHA-256, in lower-case hex, of everything that a network's outputs depend on. */
    static String of(MultiLayerNetwork network) {
        MessageDigest sha256 = sha256();
        DigestOutputStream digested = new DigestOutputStream(OutputStream.nullOutputStream(), sha256);
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(digested))) {
            out.writeUTF(DOMAIN);
            out.writeInt(network.getnLayers());
            for (int i = 0; i < network.getnLayers(); i++) {
                InputPreProcessor before = network.getLayerWiseConfigurations().getInputPreProcess(i);
                out.writeUTF(before == null ? "" : before.toString());
                write(out, network.getLayer(i).conf().getLayer());
                for (Map.Entry<String, INDArray> each :
                        network.getLayer(i).paramTable().entrySet()) {
                    write(out, each.getKey(), each.getValue());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("what is only hashed cannot fail to be written", e);
        }
        return HexFormat.of().formatHex(sha256.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** The layer as Deeplearning4j writes it into a network file, but for what only training it would need. */
    private static void write(DataOutputStream out, Layer layer) throws IOException {
        Layer settings = layer.clone();
        settings.resetLayerDefaultConfig();
        out.writeUTF(NeuralNetConfiguration.mapper().writeValueAsString(settings));
        out.writeUTF(layer instanceof BaseLayer base ? String.valueOf(base.getActivationFn()) : "");
    }

    private static void write(DataOutputStream out, String name, INDArray values) throws IOException {
        out.writeUTF(name);
        out.writeUTF(values.dataType().name());
        for (long size : values.shape()) {
            out.writeLong(size);
        }
        for (double value : values.dup('f').data().asDouble()) {
            out.writeDouble(value);
        }
    }
}
