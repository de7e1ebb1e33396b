package dev.fedlora.lora.quant;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The tensors of a well-formed GGUF v3 file, types this version knows only: just enough to read golden files. */
final class GgufTensors {
    private static final int[] SIZES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

    private GgufTensors() {}

    static Map<String, QuantizedMatrix> read(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        in.position(8);
        int tensors = (int) in.getLong();
        for (long pairs = in.getLong(); pairs > 0; pairs--) {
            string(in);
            skip(in, in.getInt());
        }
        record Entry(String name, int columns, int rows, int type, long offset) {}
        Entry[] entries = new Entry[tensors];
        for (int i = 0; i < tensors; i++) {
            String name = string(in);
            int dimensions = in.getInt();
            int columns = (int) in.getLong();
            int rows = dimensions > 1 ? (int) in.getLong() : 1;
            entries[i] = new Entry(name, columns, rows, in.getInt(), in.getLong());
        }
        int data = (in.position() + 31) / 32 * 32;
        Map<String, QuantizedMatrix> found = new LinkedHashMap<>();
        for (Entry e : entries) {
            QuantizationType type = QuantizationType.of(e.type);
            ByteBuffer blocks = in.slice((int) (data + e.offset), (int) type.bytes((long) e.rows * e.columns));
            found.put(e.name, new QuantizedMatrix(e.name, type, e.rows, e.columns, blocks));
        }
        return found;
    }

    private static String string(ByteBuffer in) {
        byte[] bytes = new byte[(int) in.getLong()];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void skip(ByteBuffer in, int type) {
        if (type == 8) {
            string(in);
        } else if (type == 9) {
            int element = in.getInt();
            for (long left = in.getLong(); left > 0; left--) {
                skip(in, element);
            }
        } else {
            in.position(in.position() + SIZES[type]);
        }
    }
}
