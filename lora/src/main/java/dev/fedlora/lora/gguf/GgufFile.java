package dev.fedlora.lora.gguf;

import dev.fedlora.lora.file.FileVersion;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.file.WholeFile;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file that is open for reading: its metadata in memory, its tensors memory-mapped, one mapping each. The file may
 * be of any size; a tensor of 2 GiB or more has several mappings, can be read by {@link #parts} and not be multiplied with.
 *
 * <p>Immutable and thread-safe. Holds no open handle; the mappings go when the object is collected. The file must not be
 * written to or shortened while it is in use. Another may be renamed over it: the tensors stay those of the file that was
 * opened, and {@link #sha256()}, unless it was asked for before, fails from then on.
 *
 * <p>Cost: opening reads the header alone; a tensor's pages are read when they are used.
 */
public final class GgufFile {
    private final Path path;
    private final FileVersion version;
    private final int alignment;
    private final Map<String, GgufValue> metadata;
    private final Map<String, GgufTensor> tensors;
    private final TensorMappings mappings;
    private volatile @Nullable String sha256;

    private GgufFile(Path path, FileVersion version, HeaderParser header, TensorMappings mappings) {
        this.path = path;
        this.version = version;
        this.alignment = header.alignment();
        this.metadata = Collections.unmodifiableMap(header.metadata());
        this.tensors = Collections.unmodifiableMap(header.tensors());
        this.mappings = mappings;
    }

    /**
     * Opens {@code path}.
     *
     * @throws MalformedFileException when it is not a whole, well-formed GGUF file
     * @throws IOException when it cannot be read
     */
    public static GgufFile open(Path path) throws IOException {
        return open(path, Integer.MAX_VALUE);
    }

    /** Opens {@code path} with no mapping of a tensor longer than {@code mostBytes}. */
    static GgufFile open(Path path, int mostBytes) throws IOException {
        FileVersion version = FileVersion.of(path); // before it is opened: a file that comes between is noticed
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size != version.size()) {
                throw changed(path);
            }
            ByteBuffer start = channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(size, Integer.MAX_VALUE));
            HeaderParser header = new HeaderParser(path, size, start).parse();
            TensorMappings mappings =
                    TensorMappings.of(channel, header.tensors().values(), mostBytes);
            return new GgufFile(path, version, header, mappings);
        }
    }

    /** Returns where the file was opened. */
    public Path path() {
        return path;
    }

    /** Returns the file's size in bytes. */
    public long size() {
        return version.size();
    }

    /** Returns what the offset of every tensor is a multiple of, in bytes. */
    public int alignment() {
        return alignment;
    }

    /** Returns all metadata in the order of the file; unmodifiable. */
    public Map<String, GgufValue> metadata() {
        return metadata;
    }

    /** Returns the string under {@code key}, if there is one. */
    public Optional<String> findString(String key) {
        return find(key, GgufValue.Text.class, "a string").map(GgufValue.Text::value);
    }

    /**
     * Returns the string under {@code key}.
     *
     * @throws MalformedFileException when it is absent or of another type
     */
    public String string(String key) {
        return findString(key).orElseThrow(() -> missing(key));
    }

    /** Returns the whole number under {@code key}, if there is one. An U64 above the largest long comes as its bits. */
    public Optional<Long> findInteger(String key) {
        return find(key, GgufValue.Whole.class, "a whole number").map(GgufValue.Whole::value);
    }

    /**
     * Returns the whole number under {@code key}.
     *
     * @throws MalformedFileException when it is absent or of another type
     */
    public long integer(String key) {
        return findInteger(key).orElseThrow(() -> missing(key));
    }

    /**
     * Returns the number of things that {@code key} gives, such as layers or heads: at least 1, at most 2³¹ - 1.
     *
     * @throws MalformedFileException when it is absent, of another type or out of that range
     */
    public int count(String key) {
        long value = integer(key);
        if (value < 1 || value > Integer.MAX_VALUE) {
            throw new MalformedFileException(
                    path, "%s is %d, allowed are 1 to %d".formatted(key, value, Integer.MAX_VALUE));
        }
        return (int) value;
    }

    /** Returns the floating-point number under {@code key}, if there is one. */
    public Optional<Double> findFloating(String key) {
        return find(key, GgufValue.Real.class, "a floating-point number").map(GgufValue.Real::value);
    }

    /**
     * Returns the floating-point number under {@code key}.
     *
     * @throws MalformedFileException when it is absent or of another type
     */
    public double floating(String key) {
        return findFloating(key).orElseThrow(() -> missing(key));
    }

    /** Returns the truth value under {@code key}, if there is one. */
    public Optional<Boolean> findFlag(String key) {
        return find(key, GgufValue.Flag.class, "a truth value").map(GgufValue.Flag::value);
    }

    /**
     * Returns the truth value under {@code key}.
     *
     * @throws MalformedFileException when it is absent or of another type
     */
    public boolean flag(String key) {
        return findFlag(key).orElseThrow(() -> missing(key));
    }

    /** Returns the strings under {@code key}, if there are any; unmodifiable. */
    public Optional<List<String>> findStrings(String key) {
        return find(key, GgufValue.Texts.class, "an array of strings").map(GgufValue.Texts::values);
    }

    /**
     * Returns the strings under {@code key}; unmodifiable.
     *
     * @throws MalformedFileException when they are absent or of another type
     */
    public List<String> strings(String key) {
        return findStrings(key).orElseThrow(() -> missing(key));
    }

    /** Returns the array of numbers under {@code key}, if there is one. */
    public Optional<GgufValue.Numbers> findNumbers(String key) {
        return find(key, GgufValue.Numbers.class, "an array of numbers");
    }

    /** Returns all tensors in the order of the file; unmodifiable. */
    public List<GgufTensor> tensors() {
        return List.copyOf(tensors.values());
    }

    /** Returns the tensor {@code name}, if there is one. */
    public Optional<GgufTensor> findTensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /**
     * Returns the tensor {@code name}.
     *
     * @throws MalformedFileException when there is none
     */
    public GgufTensor tensor(String name) {
        return findTensor(name).orElseThrow(() -> new MalformedFileException(path, "has no tensor " + name));
    }

    /**
     * Returns a tensor's bytes as they lie in the file: read-only, little-endian, position 0.
     *
     * @throws MalformedFileException when there is none of that name, or it takes more than 2³¹ - 1 bytes
     */
    public ByteBuffer bytes(String name) {
        GgufTensor tensor = tensor(name);
        List<ByteBuffer> mapped = byteParts(name);
        if (mapped.size() != 1) {
            throw new MalformedFileException(
                    path,
                    "tensor %s takes %d bytes, at most %d can be used"
                            .formatted(name, tensor.bytes(), Integer.MAX_VALUE));
        }
        return mapped.get(0);
    }

    /**
     * Returns a tensor's bytes in parts of whole rows, each read-only, little-endian, position 0.
     *
     * @throws MalformedFileException when there is none of that name, or a row alone takes more than 2³¹ - 1 bytes
     */
    public List<ByteBuffer> byteParts(String name) {
        GgufTensor tensor = tensor(name);
        List<ByteBuffer> parts = mappings.parts(name);
        if (parts.isEmpty()) {
            throw new MalformedFileException(
                    path,
                    "a row of tensor %s takes %d bytes, at most %d can be used"
                            .formatted(name, tensor.type().bytes(tensor.columns()), Integer.MAX_VALUE));
        }
        return parts;
    }

    /**
     * Returns a linear layer's weight, rows × columns = outputs × inputs, over the mapped file.
     *
     * @throws MalformedFileException when there is no such tensor, it is not two-dimensional, too large or of a type that
     *     cannot be computed with
     */
    public QuantizedMatrix matrix(String name) {
        GgufTensor tensor = tensor(name);
        if (tensor.dimensions().size() != 2) {
            throw new MalformedFileException(
                    path, "tensor %s has dimensions %s, a matrix has two".formatted(name, tensor.dimensions()));
        }
        requireComputable(tensor);
        ByteBuffer bytes = bytes(name); // fewer bytes than 2^31, but Q4_0 holds nearly twice as many values
        if (tensor.rows() > Integer.MAX_VALUE || tensor.columns() > Integer.MAX_VALUE) {
            throw new MalformedFileException(path, "tensor " + name + " is too large: " + tensor.dimensions());
        }
        return new QuantizedMatrix(name, tensor.type(), (int) tensor.rows(), (int) tensor.columns(), bytes);
    }

    /**
     * Returns the rows of a tensor of any number of dimensions and of any size, in order: as one matrix, or as several
     * where it is larger than 2 GiB.
     *
     * @throws MalformedFileException when there is no such tensor, it is of a type that cannot be computed with, or a row
     *     alone is too long
     */
    public List<QuantizedMatrix> parts(String name) {
        GgufTensor tensor = tensor(name);
        requireComputable(tensor);
        List<ByteBuffer> parts = byteParts(name);
        if (tensor.columns() > Integer.MAX_VALUE) { // of fewer bytes
            throw new MalformedFileException(path, "tensor " + name + " is too large: " + tensor.dimensions());
        }
        int columns = (int) tensor.columns();
        long rowBytes = tensor.type().bytes(columns);
        return parts.stream()
                .map(part -> new QuantizedMatrix(
                        name, tensor.type(), Math.toIntExact(part.remaining() / rowBytes), columns, part))
                .toList();
    }

    private void requireComputable(GgufTensor tensor) {
        if (!tensor.type().isComputable()) {
            throw new MalformedFileException(
                    path,
                    "tensor %s is stored as %s, this version computes with %s"
                            .formatted(tensor.name(), tensor.type(), computable()));
        }
    }

    /**
     * Returns a linear layer's weight of exactly this shape.
     *
     * @throws MalformedFileException also when the shape is another
     */
    public QuantizedMatrix matrix(String name, int rows, int columns) {
        GgufTensor tensor = tensor(name);
        if (!tensor.dimensions().equals(List.of((long) columns, (long) rows))) {
            throw new MalformedFileException(
                    path,
                    "tensor %s has dimensions %s, expected [%d, %d]"
                            .formatted(name, tensor.dimensions(), columns, rows));
        }
        return matrix(name);
    }

    /**
     * Returns a copy of a one-dimensional tensor of F32 values, such as a bias or a norm's weight.
     *
     * @throws MalformedFileException when there is no such tensor, it has another shape or type, or a value is not finite
     */
    public float[] vector(String name) {
        GgufTensor tensor = tensor(name);
        if (tensor.dimensions().size() != 1 || tensor.type() != QuantizationType.F32) {
            throw new MalformedFileException(
                    path,
                    "tensor %s is %s of dimensions %s, expected one dimension of F32"
                            .formatted(name, tensor.type(), tensor.dimensions()));
        }
        float[] values = new float[bytes(name).remaining() / Float.BYTES];
        bytes(name).asFloatBuffer().get(values);
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new MalformedFileException(
                        path,
                        "tensor %s: value %d is %s, only finite values can be used".formatted(name, i, values[i]));
            }
        }
        return values;
    }

    /**
     * Returns a copy of a one-dimensional tensor of exactly {@code length} F32 values.
     *
     * @throws MalformedFileException also when the length is another
     */
    public float[] vector(String name, int length) {
        if (tensor(name).values() != length) {
            throw new MalformedFileException(
                    path,
                    "tensor %s has dimensions %s, expected [%d]"
                            .formatted(name, tensor(name).dimensions(), length));
        }
        return vector(name);
    }

    /**
     * Returns the SHA-256 of the whole file, lower-case hex: the name by which adapters know their base model. The first
     * call reads the file once.
     *
     * @throws UncheckedIOException when it cannot be read any more, or has changed since it was opened: another size, time
     *     of modification or identity
     */
    public String sha256() {
        String known = sha256;
        if (known == null) {
            try {
                known = WholeFile.sha256(path);
                if (!FileVersion.of(path).equals(version)) {
                    throw changed(path);
                }
            } catch (IOException gone) {
                throw new UncheckedIOException(gone);
            }
            sha256 = known;
        }
        return known;
    }

    private static IOException changed(Path path) {
        return new IOException(path + ": has changed since it was opened");
    }

    @Override
    public String toString() {
        return "GgufFile[%s, %d tensors]".formatted(path, tensors.size());
    }

    private <V extends GgufValue> Optional<V> find(String key, Class<V> type, String expected) {
        GgufValue value = metadata.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!type.isInstance(value)) {
            boolean array = value instanceof GgufValue.Texts || value instanceof GgufValue.Numbers;
            throw new MalformedFileException(
                    path,
                    "%s is %s%s, expected %s".formatted(key, array ? "an array of " : "", value.type(), expected));
        }
        return Optional.of(type.cast(value));
    }

    private MalformedFileException missing(String key) {
        return new MalformedFileException(path, "has no metadata key " + key);
    }

    private static List<QuantizationType> computable() {
        return Arrays.stream(QuantizationType.values())
                .filter(QuantizationType::isComputable)
                .toList();
    }
}
