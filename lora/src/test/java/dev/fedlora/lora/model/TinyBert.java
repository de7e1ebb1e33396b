package dev.fedlora.lora.model;

import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** A BERT of random weights in memory, small enough for central differences over every parameter. */
public final class TinyBert implements TensorSource {
    static final int TYPES = 2;
    static final String SHA256 = "tiny";

    final BertShape shape;
    public final BertModel model;
    private final Map<String, float[]> values = new HashMap<>();
    private final SplittableRandom random;

    TinyBert(BertShape shape, long seed) {
        this.shape = shape;
        this.random = new SplittableRandom(seed);
        this.model = new BertModel(shape, TYPES, SHA256, this);
    }

    /** Two blocks, so that one lies below the lowest adapted one in some tests; odd sizes, so that nothing fits by chance. */
    public static TinyBert small(long seed) {
        return new TinyBert(new BertShape(2, 6, 2, 10, 9, 11, 1e-12f), seed);
    }

    /** Returns the values of the tensor {@code name} as the model got them. */
    float[] values(String name) {
        return values.get(name);
    }

    @Override
    public QuantizedMatrix matrix(String name, int rows, int columns) {
        // of the size that keeps activations near 1, so that GELU and softmax are far from linear
        float[] all = random(name, rows * columns, name.startsWith("blk") ? 1.5 / Math.sqrt(columns) : 1, 0);
        ByteBuffer bytes = ByteBuffer.allocate(all.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(all);
        return new QuantizedMatrix(name, QuantizationType.F32, rows, columns, bytes);
    }

    @Override
    public float[] vector(String name, int length) {
        return random(name, length, 0.3, name.endsWith("norm.weight") ? 1 : 0);
    }

    private float[] random(String name, int length, double size, double centre) {
        float[] drawn = new float[length];
        for (int i = 0; i < length; i++) {
            drawn[i] = (float) (centre + size * random.nextGaussian());
        }
        values.put(name, drawn);
        return drawn;
    }
}
