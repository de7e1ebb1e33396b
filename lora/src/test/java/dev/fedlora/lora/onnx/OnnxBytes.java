package dev.fedlora.lora.onnx;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Writes small ONNX models field by field. */
final class OnnxBytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CodedOutputStream out = CodedOutputStream.newInstance(bytes);

    /** What writes fields; the stream is in memory. */
    private interface Fields {
        void write(CodedOutputStream out) throws IOException;
    }

    private OnnxBytes add(Fields fields) {
        try {
            fields.write(out);
            return this;
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    byte[] toBytes() {
        add(CodedOutputStream::flush);
        return bytes.toByteArray();
    }

    OnnxBytes message(int field, OnnxBytes message) {
        return add(o -> o.writeByteArray(field, message.toBytes()));
    }

    OnnxBytes text(int field, String text) {
        return add(o -> o.writeString(field, text));
    }

    OnnxBytes whole(int field, long value) {
        return add(o -> o.writeInt64(field, value));
    }

    OnnxBytes raw(int field, ByteBuffer data) {
        return add(o -> o.writeBytes(field, ByteString.copyFrom(data)));
    }

    /** A graph's part: an initializer of FLOAT values. */
    OnnxBytes floats(String name, float[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return message(5, tensor(name, 1, data, shape));
    }

    /** A graph's part: an initializer of INT64 values. */
    OnnxBytes wholes(String name, long... values) {
        ByteBuffer data = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asLongBuffer().put(values);
        return message(5, tensor(name, 7, data, values.length));
    }

    static OnnxBytes tensor(String name, int type, ByteBuffer data, long... shape) {
        OnnxBytes tensor = new OnnxBytes();
        for (long dimension : shape) {
            tensor.whole(1, dimension);
        }
        return tensor.whole(2, type).text(8, name).raw(9, data);
    }

    /** A graph's part: a node of one output, which is called as the node. */
    OnnxBytes node(String operation, String name, String... inputs) {
        OnnxBytes node = new OnnxBytes();
        for (String input : inputs) {
            node.text(1, input);
        }
        return message(1, node.text(2, name).text(3, name).text(4, operation));
    }
}
