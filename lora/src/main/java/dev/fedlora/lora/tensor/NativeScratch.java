package dev.fedlora.lora.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import org.bytedeco.javacpp.BytePointer;

/** Native memory that grows on demand, aligned to a cache line. Not thread-safe. */
final class NativeScratch implements AutoCloseable {
    // a cache line, and what 512-bit loads want
    private static final int ALIGNMENT = 64;

    private BytePointer memory = new BytePointer();
    private long address;
    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private FloatBuffer floats = bytes.asFloatBuffer();
    private ShortBuffer shorts = bytes.asShortBuffer();

    /**
     * Makes room for {@code count} values; what was there is lost if it has to grow.
     *
     * @throws IllegalArgumentException past 2 GiB
     */
    NativeScratch room(long count, int valueBytes) {
        long needed = count * valueBytes;
        if (needed > Integer.MAX_VALUE - ALIGNMENT) {
            throw new IllegalArgumentException(
                    "a product needs %d bytes of scratch, at most 2 GiB are there".formatted(needed));
        }
        if (needed > bytes.capacity()) {
            close(); // so that nothing points at freed memory when there is no more of it
            memory = new BytePointer(needed + ALIGNMENT);
            int skipped = (int) (-memory.address() & ALIGNMENT - 1);
            address = memory.address() + skipped;
            bytes = memory.asByteBuffer().position(skipped).slice().order(ByteOrder.nativeOrder());
            floats = bytes.asFloatBuffer();
            shorts = bytes.asShortBuffer();
        }
        return this;
    }

    /** Makes room for {@code count} floats, all 0. */
    NativeScratch zeros(int count) {
        room(count, Float.BYTES).floats.put(0, new float[count]);
        return this;
    }

    long address() {
        return address;
    }

    FloatBuffer floats() {
        return floats;
    }

    ShortBuffer shorts() {
        return shorts;
    }

    /** Copies {@code rows} × {@code columns} floats here, without gaps. */
    void copyIn(Panel x, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            floats.put(r * columns, x.values(), x.offset() + r * x.stride(), columns);
        }
    }

    /** Copies or adds {@code rows} × {@code columns} floats from here, where they lie without gaps. */
    void copyOut(Panel y, int rows, int columns, boolean add) {
        copyOut(y, rows, columns, add, columns);
    }

    /** Copies or adds {@code rows} × {@code columns} floats from here, where rows are {@code stride} values apart. */
    void copyOut(Panel y, int rows, int columns, boolean add, int stride) {
        float[] row = new float[add ? columns : 0];
        for (int r = 0; r < rows; r++) {
            int to = y.offset() + r * y.stride();
            if (add) {
                floats.get(r * stride, row, 0, columns);
                RowKernels.add(Panel.of(row, columns), 1, columns, new Panel(y.values(), to, columns));
            } else {
                floats.get(r * stride, y.values(), to, columns);
            }
        }
    }

    /** Adds {@code rows} × {@code columns} floats from value {@code from} on, where they lie without gaps. */
    void addOut(int from, Panel y, int rows, int columns) {
        float[] row = new float[columns];
        for (int r = 0; r < rows; r++) {
            floats.get(from + r * columns, row, 0, columns);
            RowKernels.add(
                    Panel.of(row, columns), 1, columns, new Panel(y.values(), y.offset() + r * y.stride(), y.stride()));
        }
    }

    @Override
    public void close() {
        memory.close();
        bytes = ByteBuffer.allocate(0);
        floats = bytes.asFloatBuffer();
        shorts = bytes.asShortBuffer();
        address = 0;
    }
}
