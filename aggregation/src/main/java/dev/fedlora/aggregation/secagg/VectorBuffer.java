package dev.fedlora.aggregation.secagg;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Little-endian 32-bit integers that arrive in chunks of any size. Memory grows with what arrived, not with what was
 * promised. Not thread-safe.
 */
final class VectorBuffer {
    /** 64 KiB a page. */
    private static final int PAGE = 1 << 14;

    private final int dimension;
    private final List<int[]> pages = new ArrayList<>();
    private final ByteBuffer split = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    private int count;

    VectorBuffer(int dimension) {
        this.dimension = dimension;
    }

    /** Returns how many more bytes fit. */
    long room() {
        return 4L * (dimension - count) - split.position();
    }

    /** Takes all of {@code chunk}, which fits. */
    void add(ByteBuffer chunk) {
        while (split.position() > 0 && chunk.hasRemaining()) {
            addSplit(chunk.get());
        }
        ByteBuffer whole = chunk.order(ByteOrder.LITTLE_ENDIAN);
        while (whole.remaining() >= 4) {
            addWhole(whole);
        }
        while (chunk.hasRemaining()) {
            addSplit(chunk.get());
        }
    }

    private void addSplit(byte next) {
        split.put(next);
        if (!split.hasRemaining()) {
            split.flip();
            addWhole(split);
            split.clear();
        }
    }

    /** Moves as many integers as the chunk has and the current page takes. */
    private void addWhole(ByteBuffer chunk) {
        int at = count % PAGE;
        if (at == 0) {
            pages.add(new int[Math.min(PAGE, dimension - count)]);
        }
        int[] page = pages.get(pages.size() - 1);
        int moved = Math.min(chunk.remaining() / 4, page.length - at);
        chunk.asIntBuffer().get(page, at, moved);
        chunk.position(chunk.position() + 4 * moved);
        count += moved;
    }

    boolean isComplete() {
        return count == dimension && split.position() == 0;
    }

    /** Adds the whole vector to {@code sum}, wrapping around. */
    void addTo(int[] sum) {
        int at = 0;
        for (int[] page : pages) {
            addPage(sum, at, page);
            at += page.length;
        }
    }

    private static void addPage(int[] sum, int at, int[] page) {
        for (int i = 0; i < page.length; i++) {
            sum[at + i] += page[i];
        }
    }

    /** Zeroes and drops what arrived: in the clear protocol it is a client's update. */
    void clear() {
        pages.forEach(page -> Arrays.fill(page, 0));
        pages.clear();
    }
}
