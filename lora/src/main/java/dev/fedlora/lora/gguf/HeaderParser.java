package dev.fedlora.lora.gguf;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.quant.QuantizationType;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Parses a GGUF header into metadata and tensors, all of it checked against the size of the file. */
final class HeaderParser {
    static final int MAGIC = 0x46554747; // "GGUF", little-endian
    static final String ALIGNMENT_KEY = "general.alignment";
    static final int DEFAULT_ALIGNMENT = 32;
    private static final int LEAST_ENTRY_BYTES = 8 + 4 + 1; // an empty key, its type, one byte of value
    private static final int LEAST_TENSOR_BYTES =
            8 + 4 + 8 + 4 + 8; // an empty name, a count, one dimension, type, offset
    private static final int MAX_DIMENSIONS = 4;
    private static final int MAX_ALIGNMENT = 1 << 20; // far above any page size; a larger one only hides data

    private final Path file;
    private final long fileSize;
    private final HeaderReader in;
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    private int alignment = DEFAULT_ALIGNMENT;

    HeaderParser(Path file, long fileSize, ByteBuffer header) {
        this.file = file;
        this.fileSize = fileSize;
        this.in = new HeaderReader(file, header);
    }

    Map<String, GgufValue> metadata() {
        return metadata;
    }

    Map<String, GgufTensor> tensors() {
        return tensors;
    }

    int alignment() {
        return alignment;
    }

    HeaderParser parse() {
        if (fileSize < 4 || in.i32("the magic number") != MAGIC) {
            throw new MalformedFileException(file, "is not a GGUF file: it does not start with GGUF");
        }
        int version = in.i32("the version");
        if (version != 2 && version != 3) {
            throw in.malformed("GGUF version is %s, this version reads little-endian 2 and 3"
                    .formatted(Integer.toUnsignedString(version)));
        }
        int tensorCount = in.count("the number of tensors", LEAST_TENSOR_BYTES);
        int entryCount = in.count("the number of metadata entries", LEAST_ENTRY_BYTES);
        for (int i = 0; i < entryCount; i++) {
            readEntry();
        }
        alignment = readAlignment();
        readTensors(tensorCount);
        return this;
    }

    private void readEntry() {
        String key = in.string("a metadata key");
        GgufValue value = readValue(key, valueType(key));
        if (metadata.putIfAbsent(key, value) != null) {
            throw in.malformed("metadata key " + key + " appears twice");
        }
    }

    private GgufValueType valueType(String key) {
        int id = in.i32("the type of " + key);
        return GgufValueType.of(id)
                .orElseThrow(() -> in.malformed("%s has value type %d, allowed are 0 to 12".formatted(key, id)));
    }

    private GgufValue readValue(String key, GgufValueType type) {
        return switch (type) {
            case U8 -> new GgufValue.Whole(type, in.i8(key) & 0xff);
            case I8 -> new GgufValue.Whole(type, in.i8(key));
            case U16 -> new GgufValue.Whole(type, in.i16(key) & 0xffff);
            case I16 -> new GgufValue.Whole(type, in.i16(key));
            case U32 -> new GgufValue.Whole(type, in.i32(key) & 0xffffffffL);
            case I32 -> new GgufValue.Whole(type, in.i32(key));
            case U64, I64 -> new GgufValue.Whole(type, in.i64(key));
            case F32 -> new GgufValue.Real(type, Float.intBitsToFloat(in.i32(key)));
            case F64 -> new GgufValue.Real(type, Double.longBitsToDouble(in.i64(key)));
            case BOOL -> readFlag(key);
            case STRING -> new GgufValue.Text(in.string(key));
            case ARRAY -> readArray(key, valueType(key));
        };
    }

    private GgufValue readFlag(String key) {
        int value = in.i8(key);
        if (value != 0 && value != 1) {
            throw in.malformed("%s is a truth value of %d, allowed are 0 and 1".formatted(key, value));
        }
        return new GgufValue.Flag(value == 1);
    }

    private GgufValue readArray(String key, GgufValueType element) {
        if (element == GgufValueType.ARRAY) {
            throw in.malformed(key + " is an array of arrays, which is not supported");
        }
        int count = in.count("the length of array " + key, element.leastBytes());
        if (element != GgufValueType.STRING) {
            return new GgufValue.Numbers(element, in.slice(count * element.leastBytes()));
        }
        List<String> strings = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            strings.add(in.string("element " + i + " of " + key));
        }
        return new GgufValue.Texts(strings);
    }

    private int readAlignment() {
        GgufValue value = metadata.get(ALIGNMENT_KEY);
        if (value == null) {
            return DEFAULT_ALIGNMENT;
        }
        if (!(value instanceof GgufValue.Whole whole)
                || whole.value() < 1
                || whole.value() > MAX_ALIGNMENT
                || Long.bitCount(whole.value()) != 1) {
            throw new MalformedFileException(
                    file, ALIGNMENT_KEY + " must be a power of two up to " + MAX_ALIGNMENT + ", got " + value);
        }
        return (int) whole.value();
    }

    private void readTensors(int count) {
        List<GgufTensor> relative = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            relative.add(readTensor());
        }
        long dataStart = (in.position() + alignment - 1L) / alignment * alignment;
        for (GgufTensor t : relative) {
            GgufTensor tensor = new GgufTensor(t.name(), t.type(), t.dimensions(), t.offset() + dataStart, t.bytes());
            if (t.offset() > fileSize - dataStart || t.bytes() > fileSize - tensor.offset()) {
                throw new MalformedFileException(
                        file,
                        "tensor %s takes %d bytes from byte %d of the data, but the file's data has %d"
                                .formatted(t.name(), t.bytes(), t.offset(), Math.max(0, fileSize - dataStart)));
            }
            if (tensors.putIfAbsent(t.name(), tensor) != null) {
                throw new MalformedFileException(file, "tensor " + t.name() + " appears twice");
            }
        }
        refuseOverlap();
    }

    private GgufTensor readTensor() {
        String name = in.string("a tensor name");
        int rank = in.i32("the number of dimensions of " + name);
        if (rank < 1 || rank > MAX_DIMENSIONS) {
            throw in.malformed("tensor %s has %s dimensions, allowed are 1 to %d"
                    .formatted(name, Integer.toUnsignedString(rank), MAX_DIMENSIONS));
        }
        List<Long> dimensions = new ArrayList<>(rank);
        for (int i = 0; i < rank; i++) {
            dimensions.add(in.i64("the dimensions of " + name));
        }
        QuantizationType type = tensorType(name);
        long bytes = bytesOf(name, type, dimensions);
        long offset = in.i64("the offset of " + name);
        if (offset < 0 || offset % alignment != 0) {
            throw in.malformed("tensor %s has offset %s, which is not a multiple of the alignment %d"
                    .formatted(name, Long.toUnsignedString(offset), alignment));
        }
        return new GgufTensor(name, type, dimensions, offset, bytes);
    }

    private QuantizationType tensorType(String name) {
        int id = in.i32("the type of " + name);
        try {
            return QuantizationType.of(id);
        } catch (IllegalArgumentException unknown) {
            throw in.malformed("tensor %s: %s".formatted(name, unknown.getMessage()));
        }
    }

    private long bytesOf(String name, QuantizationType type, List<Long> dimensions) {
        long values = 1;
        for (long dimension : dimensions) {
            // a value takes at least 0.2 bytes in every type, so 8 times the file's size bounds the product
            if (dimension < 1 || dimension > 8 * fileSize / values) {
                throw in.malformed("tensor %s has dimensions %s, which a file of %d bytes cannot hold"
                        .formatted(name, dimensions, fileSize));
            }
            values *= dimension;
        }
        if (dimensions.get(0) % type.blockSize() != 0) {
            throw in.malformed("tensor %s has rows of %d values, but %s stores blocks of %d"
                    .formatted(name, dimensions.get(0), type, type.blockSize()));
        }
        return type.bytes(values);
    }

    private void refuseOverlap() {
        List<GgufTensor> byOffset = new ArrayList<>(tensors.values());
        byOffset.sort(Comparator.comparingLong(GgufTensor::offset));
        for (int i = 1; i < byOffset.size(); i++) {
            GgufTensor before = byOffset.get(i - 1);
            GgufTensor after = byOffset.get(i);
            if (before.offset() + before.bytes() > after.offset()) {
                throw new MalformedFileException(
                        file, "tensors %s and %s overlap".formatted(before.name(), after.name()));
            }
        }
    }
}
