package dev.fedlora.lora.onnx;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.quant.Half;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * A constant tensor of an ONNX graph, as it lies in the file.
 *
 * @param source the file's name, for errors
 * @param dimensions row-major, the row length last; empty for a single number
 * @param dataType ONNX's number of the element type
 * @param data little-endian elements; empty when the file keeps them elsewhere
 */
record OnnxTensor(String source, String name, List<Long> dimensions, int dataType, ByteBuffer data) {
    private static final int FLOAT = 1;
    private static final int INT64 = 7;
    private static final int FLOAT16 = 10;

    OnnxTensor {
        dimensions = List.copyOf(dimensions);
        data = data.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns dimension {@code index}, refusing one that is missing or not a possible length. */
    int dimension(int index) {
        if (index >= dimensions.size() || dimensions.get(index) < 1 || dimensions.get(index) > Integer.MAX_VALUE) {
            throw malformed("has shape %s, expected a length of at least 1 at index %d".formatted(dimensions, index));
        }
        return dimensions.get(index).intValue();
    }

    boolean isFloating() {
        return dataType == FLOAT || dataType == FLOAT16;
    }

    boolean isWhole() {
        return dataType == INT64;
    }

    /** Refuses any other shape than {@code expected}. */
    OnnxTensor expect(long... expected) {
        List<Long> wanted = Arrays.stream(expected).boxed().toList();
        if (!dimensions.equals(wanted)) {
            throw malformed("has shape %s, expected %s".formatted(dimensions, wanted));
        }
        return this;
    }

    /** Returns a copy of the values of a tensor of FLOAT or FLOAT16. */
    float[] floats() {
        if (!isFloating()) {
            throw malformed("has ONNX data type " + dataType + ", expected FLOAT (1) or FLOAT16 (10)");
        }
        int count = count(dataType == FLOAT ? Float.BYTES : Short.BYTES);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = dataType == FLOAT ? data.getFloat(4 * i) : Half.toFloat(data.getShort(2 * i));
            if (!Float.isFinite(values[i])) {
                throw malformed("holds " + values[i] + " at index " + i);
            }
        }
        return values;
    }

    /** Returns a copy of the values of a tensor of INT64. */
    long[] wholes() {
        if (!isWhole()) {
            throw malformed("has ONNX data type " + dataType + ", expected INT64 (7)");
        }
        long[] values = new long[count(Long.BYTES)];
        data.asLongBuffer().get(values);
        return values;
    }

    /** Returns the number of values after comparing it with the bytes that are there. */
    private int count(int bytesEach) {
        long count = 1;
        for (long dimension : dimensions) {
            if (dimension < 0 || dimension > Integer.MAX_VALUE || count * dimension > Integer.MAX_VALUE) {
                throw malformed("has shape %s, which is not possible".formatted(dimensions));
            }
            count *= dimension;
        }
        if (count * bytesEach != data.remaining()) {
            throw malformed("of shape %s takes %d bytes, the file holds %d (data in other files is not read)"
                    .formatted(dimensions, count * bytesEach, data.remaining()));
        }
        return (int) count;
    }

    private MalformedFileException malformed(String problem) {
        return new MalformedFileException(source, "tensor " + name + " " + problem);
    }
}
