package dev.fedlora.lora.onnx;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.fedlora.lora.file.MalformedFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the part of the ONNX format that holds a model's constants and operations, straight from protobuf's wire format.
 * Field numbers are those of onnx.proto. Tensors are views of the given bytes, nothing of them is copied.
 */
final class OnnxReader {
    // far above any encoder (BERT large has under 3,000 nodes); bounds memory for a file of nothing but empty nodes
    private static final int MAX_PARTS = 200_000;
    private static final int MAX_DIMENSIONS = 8;

    private final String source;
    private final List<OnnxTensor> initializers = new ArrayList<>();
    private final List<OnnxNode> nodes = new ArrayList<>();

    private OnnxReader(String source) {
        this.source = source;
    }

    /**
     * Reads a model.
     *
     * @param source the file's name, for errors
     * @throws MalformedFileException when the bytes are not an ONNX model
     */
    static OnnxGraph read(String source, ByteBuffer model) {
        OnnxReader reader = new OnnxReader(source);
        try {
            reader.readModel(model);
        } catch (IOException broken) {
            throw new MalformedFileException(
                    source, "is not an ONNX file or is cut short: " + broken.getMessage(), broken);
        }
        if (reader.nodes.isEmpty()) {
            throw new MalformedFileException(source, "is not an ONNX model: it has no graph with nodes");
        }
        return new OnnxGraph(source, reader.initializers, reader.nodes);
    }

    private void readModel(ByteBuffer bytes) throws IOException {
        Message model = new Message(bytes);
        while (model.next()) {
            if (model.field() == 7) {
                readGraph(model.bytes());
            } else {
                model.skip();
            }
        }
    }

    private void readGraph(ByteBuffer bytes) throws IOException {
        Message graph = new Message(bytes);
        while (graph.next()) {
            switch (graph.field()) {
                case 1 -> nodes.add(readNode(graph.bytes()));
                case 5 -> initializers.add(readTensor(graph.bytes()));
                default -> graph.skip();
            }
            if (nodes.size() + initializers.size() > MAX_PARTS) {
                throw new MalformedFileException(source, "has more than %d nodes and tensors".formatted(MAX_PARTS));
            }
        }
    }

    private OnnxNode readNode(ByteBuffer bytes) throws IOException {
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        String name = "";
        String operation = "";
        Attributes attributes = new Attributes();
        Message node = new Message(bytes);
        while (node.next()) {
            switch (node.field()) {
                case 1 -> inputs.add(node.text());
                case 2 -> outputs.add(node.text());
                case 3 -> name = node.text();
                case 4 -> operation = node.text();
                case 5 -> readAttribute(node.bytes(), attributes);
                default -> node.skip();
            }
        }
        return new OnnxNode(
                operation, name, List.copyOf(inputs), List.copyOf(outputs), attributes.epsilon, attributes.value);
    }

    /** The two attributes that matter here. */
    private static final class Attributes {
        private @Nullable Float epsilon;
        private @Nullable OnnxTensor value;
    }

    private void readAttribute(ByteBuffer bytes, Attributes into) throws IOException {
        String name = "";
        Float number = null;
        OnnxTensor tensor = null;
        Message attribute = new Message(bytes);
        while (attribute.next()) {
            switch (attribute.field()) {
                case 1 -> name = attribute.text();
                case 2 -> number = attribute.real();
                case 5 -> tensor = readTensor(attribute.bytes());
                default -> attribute.skip();
            }
        }
        if (name.equals("epsilon")) {
            into.epsilon = number;
        } else if (name.equals("value")) {
            into.value = tensor;
        }
    }

    private OnnxTensor readTensor(ByteBuffer bytes) throws IOException {
        List<Long> dimensions = new ArrayList<>();
        int type = 0;
        String name = "";
        ByteBuffer data = ByteBuffer.allocate(0);
        Message tensor = new Message(bytes);
        while (tensor.next()) {
            switch (tensor.field()) {
                case 1 -> tensor.addWholes(dimensions);
                case 2 -> type = (int) tensor.whole();
                case 4, 9 -> data = tensor.bytes(); // packed float_data and raw_data are the same bytes
                case 7 -> data = wholeData(tensor);
                case 8 -> name = tensor.text();
                default -> tensor.skip();
            }
            if (dimensions.size() > MAX_DIMENSIONS) {
                throw new MalformedFileException(
                        source, "a tensor has more than %d dimensions".formatted(MAX_DIMENSIONS));
            }
        }
        return new OnnxTensor(source, name, dimensions, type, data);
    }

    private static ByteBuffer wholeData(Message tensor) throws IOException {
        List<Long> values = new ArrayList<>();
        tensor.addWholes(values);
        ByteBuffer data = ByteBuffer.allocate(Long.BYTES * values.size()).order(ByteOrder.LITTLE_ENDIAN);
        values.forEach(data::putLong);
        return data.flip();
    }

    /** One protobuf message: its fields one after the other. */
    private static final class Message {
        private final ByteBuffer bytes;
        private final CodedInputStream in;
        private int tag;

        Message(ByteBuffer bytes) {
            this.bytes = bytes.slice();
            this.in = CodedInputStream.newInstance(this.bytes.duplicate());
        }

        boolean next() throws IOException {
            tag = in.readTag();
            return tag != 0;
        }

        int field() {
            return WireFormat.getTagFieldNumber(tag);
        }

        void skip() throws IOException {
            if (!in.skipField(tag)) {
                throw new IOException("a group ends that never began");
            }
        }

        ByteBuffer bytes() throws IOException {
            require(WireFormat.WIRETYPE_LENGTH_DELIMITED);
            int length = in.readRawVarint32();
            int start = in.getTotalBytesRead();
            in.skipRawBytes(length); // refuses a length that is negative or more than is left
            return bytes.slice(start, length);
        }

        String text() throws IOException {
            require(WireFormat.WIRETYPE_LENGTH_DELIMITED);
            return in.readStringRequireUtf8();
        }

        long whole() throws IOException {
            require(WireFormat.WIRETYPE_VARINT);
            return in.readRawVarint64();
        }

        float real() throws IOException {
            require(WireFormat.WIRETYPE_FIXED32);
            return in.readFloat();
        }

        /** Adds one number, or a packed row of them. */
        void addWholes(List<Long> values) throws IOException {
            if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT) {
                values.add(in.readRawVarint64());
                return;
            }
            CodedInputStream packed = CodedInputStream.newInstance(bytes());
            while (!packed.isAtEnd() && values.size() <= 1 << 16) { // no shape or axis list is longer
                values.add(packed.readRawVarint64());
            }
        }

        private void require(int wireType) throws IOException {
            if (WireFormat.getTagWireType(tag) != wireType) {
                throw new IOException("field %d has wire type %d, expected %d"
                        .formatted(field(), WireFormat.getTagWireType(tag), wireType));
            }
        }
    }
}
