package dev.fedlora.lora.safetensors;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.quant.Half;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The content of a safetensors file: its header in memory, its tensors views of the mapped file or of the given bytes.
 *
 * <p>Immutable and thread-safe, as long as the file is not shortened and the given bytes are not changed.
 */
public final class SafetensorsFile {
    private static final int LENGTH_BYTES = Long.BYTES;
    private static final int PIECE_BYTES = 1 << 30; // of a tensor, since a mapping ends at 2 GiB; whole values
    private static final int MAX_HEADER_BYTES = 100_000_000; // the limit of the format's own library

    private final String source;
    private final Map<String, String> metadata;
    private final Map<String, SafetensorsTensor> tensors = new LinkedHashMap<>();
    private final Map<String, List<ByteBuffer>> data = new LinkedHashMap<>();

    private SafetensorsFile(String source, HeaderParser header, Data bytes) throws IOException {
        this.source = source;
        this.metadata = Collections.unmodifiableMap(header.metadata());
        for (SafetensorsTensor tensor : header.tensors()) {
            tensors.put(tensor.name(), tensor);
            List<ByteBuffer> pieces = new ArrayList<>();
            for (long begin = tensor.begin(); begin < tensor.end(); begin += PIECE_BYTES) {
                pieces.add(bytes.slice(begin, (int) Math.min(PIECE_BYTES, tensor.end() - begin)));
            }
            data.put(tensor.name(), pieces);
        }
    }

    /** Where tensors' bytes come from; offsets count from the end of the header. */
    private interface Data {
        ByteBuffer slice(long begin, int length) throws IOException;
    }

    /**
     * Opens {@code file}; each tensor is mapped by itself, so the file may be larger than 2 GiB.
     *
     * @throws MalformedFileException when it is not a whole, well-formed safetensors file
     * @throws IOException when it cannot be read
     */
    public static SafetensorsFile open(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer start = channel.map(
                    FileChannel.MapMode.READ_ONLY, 0, Math.min(size, LENGTH_BYTES + (long) MAX_HEADER_BYTES));
            byte[] header = header(file.toString(), start, size);
            long dataStart = (long) LENGTH_BYTES + header.length;
            HeaderParser parsed = new HeaderParser(file.toString(), size - dataStart).parse(header);
            return new SafetensorsFile(
                    file.toString(),
                    parsed,
                    (begin, length) -> channel.map(FileChannel.MapMode.READ_ONLY, dataStart + begin, length));
        }
    }

    /**
     * Reads the content {@code bytes}.
     *
     * @param source what stands for them in errors
     * @throws MalformedFileException when they are not a whole, well-formed safetensors file
     */
    public static SafetensorsFile parse(String source, ByteBuffer bytes) {
        byte[] header = header(source, bytes, bytes.remaining());
        int dataStart = LENGTH_BYTES + header.length;
        HeaderParser parsed = new HeaderParser(source, bytes.remaining() - dataStart).parse(header);
        try {
            return new SafetensorsFile(
                    source, parsed, (begin, length) -> bytes.slice(bytes.position() + dataStart + (int) begin, length));
        } catch (IOException impossible) {
            throw new IllegalStateException("slicing memory does no input", impossible);
        }
    }

    /** Returns the strings under {@code __metadata__}, sorted by key; unmodifiable. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** Returns all tensors in the order of their bytes. */
    public List<SafetensorsTensor> tensors() {
        return List.copyOf(tensors.values());
    }

    /** Returns the tensor {@code name}, if there is one. */
    public Optional<SafetensorsTensor> findTensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /**
     * Returns a copy of a tensor's values, row-major.
     *
     * @throws MalformedFileException when there is no such tensor, it has more than 2³¹ - 1 values, or it is not F32, F16
     *     or BF16
     */
    public float[] floats(String name) {
        SafetensorsTensor tensor = require(name);
        long values = (tensor.end() - tensor.begin()) / bytesEach(tensor);
        if (values > Integer.MAX_VALUE) {
            throw new MalformedFileException(source, "tensor %s has %d values, too many".formatted(name, values));
        }
        float[] floats = new float[(int) values];
        floats(name, 0, floats, floats.length);
        return floats;
    }

    /**
     * Copies {@code count} of a tensor's values, from number {@code first} on, to the start of {@code out}.
     *
     * @throws MalformedFileException when there is no such tensor, or it is not F32, F16 or BF16
     * @throws IndexOutOfBoundsException when it has fewer values, or {@code out} has
     */
    public void floats(String name, long first, float[] out, int count) {
        SafetensorsTensor tensor = require(name);
        int bytesEach = bytesEach(tensor);
        List<ByteBuffer> pieces = data.getOrDefault(name, List.of());
        int done = 0;
        while (done < count) {
            long at = (first + done) * bytesEach;
            ByteBuffer piece = pieces.get((int) (at / PIECE_BYTES)).duplicate().order(ByteOrder.LITTLE_ENDIAN);
            piece.position((int) (at % PIECE_BYTES));
            int now = Math.min(count - done, piece.remaining() / bytesEach);
            copy(tensor, piece, out, done, now);
            done += now;
        }
    }

    private static void copy(SafetensorsTensor tensor, ByteBuffer from, float[] out, int offset, int count) {
        if (tensor.type().equals("F32")) {
            from.asFloatBuffer().get(out, offset, count);
            return;
        }
        boolean ieee = tensor.type().equals("F16");
        for (int i = offset; i < offset + count; i++) {
            short bits = from.getShort();
            out[i] = ieee ? Half.toFloat(bits) : Float.intBitsToFloat(bits << 16); // bfloat16 is the upper half
        }
    }

    private int bytesEach(SafetensorsTensor tensor) {
        return switch (tensor.type()) {
            case "F32" -> Float.BYTES;
            case "F16", "BF16" -> Short.BYTES;
            default ->
                throw new MalformedFileException(
                        source,
                        "tensor %s has dtype %s, expected F32, F16 or BF16".formatted(tensor.name(), tensor.type()));
        };
    }

    private SafetensorsTensor require(String name) {
        return findTensor(name).orElseThrow(() -> new MalformedFileException(source, "has no tensor " + name));
    }

    /**
     * Returns a copy of the values of a tensor of exactly this shape.
     *
     * @throws MalformedFileException also when the shape is another
     */
    public float[] floats(String name, long... shape) {
        List<Long> expected = Arrays.stream(shape).boxed().toList();
        findTensor(name).filter(tensor -> !tensor.shape().equals(expected)).ifPresent(tensor -> {
            throw new MalformedFileException(
                    source, "tensor %s has shape %s, expected %s".formatted(name, tensor.shape(), expected));
        });
        return floats(name);
    }

    private static byte[] header(String source, ByteBuffer start, long size) {
        if (size < LENGTH_BYTES) {
            throw new MalformedFileException(source, "is not a safetensors file: it has %d bytes".formatted(size));
        }
        long length = start.duplicate().order(ByteOrder.LITTLE_ENDIAN).getLong(start.position());
        if (length < 2 || length > MAX_HEADER_BYTES || length > size - LENGTH_BYTES) {
            throw new MalformedFileException(
                    source,
                    "its header would take %s bytes, of %d in the file and %d allowed"
                            .formatted(Long.toUnsignedString(length), size, MAX_HEADER_BYTES));
        }
        byte[] header = new byte[(int) length];
        start.duplicate().position(start.position() + LENGTH_BYTES).get(header);
        return header;
    }
}
