package dev.fedlora.lora.safetensors;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.lora.file.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Builds a safetensors file of F32 tensors. The same calls give the same bytes: tensors stand in the order in which they
 * are added, metadata sorted by key. Not thread-safe.
 */
public final class SafetensorsWriter {
    private static final int ALIGNMENT = 8;

    private final Map<String, String> metadata = new TreeMap<>();
    private final ObjectNode entries = JsonNodeFactory.instance.objectNode();
    private final List<float[]> data = new ArrayList<>();
    private long dataBytes;

    /** Sets the metadata value {@code key}. */
    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /**
     * Adds a tensor; {@code values} must not change before the bytes are taken.
     *
     * @param shape row-major, the row length last
     * @throws IllegalArgumentException when the name is taken, or the shape does not have as many values
     */
    public SafetensorsWriter tensor(String name, float[] values, long... shape) {
        if (Arrays.stream(shape).reduce(1, Math::multiplyExact) != values.length) {
            throw new IllegalArgumentException(
                    "tensor %s of shape %s got %d values".formatted(name, Arrays.toString(shape), values.length));
        }
        if (entries.has(name) || name.equals(HeaderParser.METADATA)) {
            throw new IllegalArgumentException("tensor " + name + " was given twice");
        }
        ObjectNode entry = entries.putObject(name).put("dtype", "F32");
        Arrays.stream(shape).forEach(entry.putArray("shape")::add);
        long end = dataBytes + (long) Float.BYTES * values.length;
        entry.putArray("data_offsets").add(dataBytes).add(end);
        data.add(values);
        dataBytes = end;
        return this;
    }

    /** Returns the whole file. */
    public byte[] toBytes() {
        byte[] header = header();
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(Long.BYTES + header.length + dataBytes))
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header);
        for (float[] values : data) {
            bytes.asFloatBuffer().put(values);
            bytes.position(bytes.position() + Float.BYTES * values.length);
        }
        return bytes.array();
    }

    /** Writes the file, replacing what stood there. */
    public void write(Path file) throws IOException {
        WholeFile.write(file, toBytes());
    }

    private byte[] header() {
        ObjectNode header = JsonNodeFactory.instance.objectNode();
        if (!metadata.isEmpty()) {
            metadata.forEach(header.putObject(HeaderParser.METADATA)::put);
        }
        header.setAll(entries);
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(json, (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }
}
