package dev.fedlora.lora.gguf;

import dev.fedlora.lora.file.WholeFile;
import dev.fedlora.lora.quant.QuantizationType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds a GGUF file, version 3: metadata and tensors in the order in which they are added.
 *
 * <p>The same calls give the same bytes. A tensor's bytes are asked for when the file is written, one tensor at a time or
 * in parts, so that memory never holds all of them. Not thread-safe.
 */
public final class GgufWriter {
    private static final int VERSION = 3;

    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final Map<String, Pending> tensors = new LinkedHashMap<>();

    /** Where a tensor's bytes come from. */
    @FunctionalInterface
    public interface TensorBytes {
        /** Returns all bytes of the tensor as GGUF stores them, from position to limit. */
        ByteBuffer read() throws IOException;
    }

    /** What writes a tensor in parts, so that it may be larger than memory and than 2 GiB. */
    @FunctionalInterface
    public interface TensorParts {
        /** Gives all bytes of the tensor as GGUF stores them to {@code out}, in their order. */
        void writeTo(Target out) throws IOException;
    }

    /** Takes a tensor's bytes. */
    @FunctionalInterface
    public interface Target {
        /** Takes what remains of {@code part}. */
        void write(ByteBuffer part) throws IOException;
    }

    private record Pending(QuantizationType type, List<Long> dimensions, TensorParts source) {
        long bytes() {
            return type.bytes(dimensions.stream().reduce(1L, Math::multiplyExact));
        }
    }

    /**
     * Adds a metadata value of any kind.
     *
     * @throws IllegalArgumentException when the key has a value already
     */
    public GgufWriter put(String key, GgufValue value) {
        if (metadata.putIfAbsent(key, value) != null) {
            throw new IllegalArgumentException("metadata key " + key + " was given twice");
        }
        return this;
    }

    /** Adds a string. */
    public GgufWriter text(String key, String value) {
        return put(key, new GgufValue.Text(value));
    }

    /** Adds an array of strings. */
    public GgufWriter texts(String key, List<String> values) {
        return put(key, new GgufValue.Texts(values));
    }

    /** Adds a whole number of 32 bits, 0 or more. */
    public GgufWriter u32(String key, int value) {
        if (value < 0) {
            throw new IllegalArgumentException(key + " must be at least 0, got " + value);
        }
        return put(key, new GgufValue.Whole(GgufValueType.U32, value));
    }

    /** Adds a floating-point number of 32 bits. */
    public GgufWriter f32(String key, float value) {
        return put(key, new GgufValue.Real(GgufValueType.F32, value));
    }

    /** Adds a truth value. */
    public GgufWriter flag(String key, boolean value) {
        return put(key, new GgufValue.Flag(value));
    }

    /** Adds an array of whole numbers of 32 bits. */
    public GgufWriter i32s(String key, int[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        return put(key, new GgufValue.Numbers(GgufValueType.I32, bytes));
    }

    /** Adds an array of floating-point numbers of 32 bits. */
    public GgufWriter f32s(String key, float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return put(key, new GgufValue.Numbers(GgufValueType.F32, bytes));
    }

    /**
     * Adds a tensor.
     *
     * @param dimensions one to four, the row length first
     * @throws IllegalArgumentException when the name is taken, or the dimensions are not the type's
     */
    public GgufWriter tensor(String name, QuantizationType type, List<Long> dimensions, TensorBytes source) {
        return parts(name, type, dimensions, out -> out.write(source.read()));
    }

    /**
     * Adds a tensor that is written in parts.
     *
     * @param dimensions one to four, the row length first
     * @throws IllegalArgumentException when the name is taken, or the dimensions are not the type's
     */
    public GgufWriter parts(String name, QuantizationType type, List<Long> dimensions, TensorParts source) {
        if (dimensions.isEmpty() || dimensions.size() > 4 || dimensions.stream().anyMatch(d -> d < 1)) {
            throw new IllegalArgumentException(
                    "tensor %s has dimensions %s, allowed are one to four of at least 1".formatted(name, dimensions));
        }
        if (dimensions.get(0) % type.blockSize() != 0) {
            throw new IllegalArgumentException("tensor %s has rows of %d values, but %s stores blocks of %d"
                    .formatted(name, dimensions.get(0), type, type.blockSize()));
        }
        if (tensors.putIfAbsent(name, new Pending(type, List.copyOf(dimensions), source)) != null) {
            throw new IllegalArgumentException("tensor " + name + " was given twice");
        }
        return this;
    }

    /** Adds a tensor of F32 values; {@code values} must not change before the file is written. */
    public GgufWriter tensor(String name, List<Long> dimensions, float[] values) {
        return tensor(name, QuantizationType.F32, dimensions, () -> {
            ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Float.BYTES, values.length))
                    .order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            return bytes;
        });
    }

    /**
     * Writes the file, replacing what stood there.
     *
     * @throws IllegalStateException when a tensor's source gives another number of bytes than its shape takes
     * @throws IOException when the file cannot be written; what stood there is unchanged then
     */
    public void write(Path file) throws IOException {
        WholeFile.write(file, this::writeTo);
    }

    private void writeTo(FileChannel channel) throws IOException {
        int alignment = alignment();
        WholeFile.writeFully(channel, header(alignment));
        for (Map.Entry<String, Pending> tensor : tensors.entrySet()) {
            long start = channel.position();
            tensor.getValue().source().writeTo(part -> WholeFile.writeFully(channel, part));
            long length = channel.position() - start;
            if (length != tensor.getValue().bytes()) {
                throw new IllegalStateException("tensor %s takes %d bytes, its source gave %d"
                        .formatted(tensor.getKey(), tensor.getValue().bytes(), length));
            }
            WholeFile.writeFully(channel, ByteBuffer.allocate((int) (padded(length, alignment) - length)));
        }
    }

    private int alignment() {
        return metadata.get(HeaderParser.ALIGNMENT_KEY) instanceof GgufValue.Whole whole
                ? Math.toIntExact(whole.value())
                : HeaderParser.DEFAULT_ALIGNMENT;
    }

    private ByteBuffer header(int alignment) {
        HeaderWriter out = new HeaderWriter();
        out.i32(HeaderParser.MAGIC).i32(VERSION).i64(tensors.size()).i64(metadata.size());
        metadata.forEach(out::entry);
        long offset = 0;
        for (Map.Entry<String, Pending> tensor : tensors.entrySet()) {
            Pending pending = tensor.getValue();
            out.string(tensor.getKey()).i32(pending.dimensions().size());
            pending.dimensions().forEach(out::i64);
            out.i32(pending.type().ggmlId()).i64(offset);
            offset += padded(pending.bytes(), alignment);
        }
        return out.paddedTo(alignment);
    }

    private static long padded(long length, int alignment) {
        return (length + alignment - 1) / alignment * alignment;
    }
}
