package dev.fedlora.lora.testing;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.SplittableRandom;

/** What happens to files: bytes that change, ends that are missing, pieces that are repeated. */
public final class Corruption {
    /** Bytes that lengths, counts, types and JSON live on. */
    private static final byte[] AWKWARD = {0, 1, 2, -1, 127, -128, '0', '9', '-', '.', 'e', '"', '[', ']', '{', '}', ','
    };

    private Corruption() {}

    /** Returns {@code valid} with one to eight changes. */
    public static byte[] of(SplittableRandom random, byte[] valid) {
        byte[] changed = valid.clone();
        for (int i = random.nextInt(1, 9); i > 0 && changed.length > 0; i--) {
            int at = random.nextInt(changed.length);
            switch (random.nextInt(8)) {
                case 0 -> changed = Arrays.copyOf(changed, at); // cut off
                case 1 -> changed = repeated(random, changed, at);
                case 2 -> Arrays.fill(changed, at, Math.min(changed.length, at + 8), AWKWARD[random.nextInt(6)]);
                case 3 -> changed[at] ^= (byte) (1 << random.nextInt(8));
                case 4 -> changed[at] = (byte) random.nextInt();
                default -> changed[at] = AWKWARD[random.nextInt(AWKWARD.length)];
            }
        }
        return changed;
    }

    private static byte[] repeated(SplittableRandom random, byte[] bytes, int at) {
        int length = Math.min(bytes.length - at, random.nextInt(1, 65));
        byte[] longer = Arrays.copyOf(bytes, bytes.length + length);
        System.arraycopy(bytes, at, longer, at + length, bytes.length - at);
        return longer;
    }

    /** Returns the bytes that the calling thread has allocated so far. */
    public static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}
