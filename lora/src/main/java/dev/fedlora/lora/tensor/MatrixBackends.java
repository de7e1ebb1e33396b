package dev.fedlora.lora.tensor;

import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the back end that {@code --backend} names.
 *
 * <p>{@code auto} takes what this machine runs fastest: at its first use it measures one typical product, 256 rows times
 * a weight of 384 × 384 (Q8_0 for Java code; oneDNN's own part alone for oneDNN), in some 0.2 seconds, of
 *
 * <ul>
 *   <li>{@code onednn-f32}, unless it cannot load or {@code vector} is 1.25 times as fast;
 *   <li>{@code vector}, the Java Vector API;
 *   <li>{@code onednn-bf16}, only where the processor multiplies bfloat16 natively and it is 1.2 times as fast as the
 *       better of those two: its operands have 3 significant digits, its sums are in float.
 * </ul>
 *
 * <p>The margins are wide so that one machine chooses the same every time, but nothing can promise that: a run that must
 * be repeated to the bit names its back end. The choice is made once a process, logged with its reason, and told by
 * {@link MatrixBackend#name}. Only where none of these loads is {@code nd4j} tried, then {@code reference}.
 */
public final class MatrixBackends {
    private static final Logger LOG = LoggerFactory.getLogger(MatrixBackends.class);
    private static final List<String> NAMES =
            List.of("auto", "reference", "vector", "onednn-f32", "onednn-bf16", "nd4j", "nd4j-cuda");

    // the figure for Java code may be taken before it is fully compiled: an even race goes to oneDNN
    private static final double VECTOR_MARGIN = 1.25;
    // what 3 digits instead of 7 must buy at least
    private static final double BFLOAT16_MARGIN = 1.2;

    private MatrixBackends() {}

    /** Returns what {@link #select} takes: {@code auto} and every back end's name. */
    public static List<String> names() {
        return NAMES;
    }

    /**
     * Returns the back end called {@code name}, or the fastest for {@code auto}.
     *
     * @throws IllegalArgumentException when there is none of that name
     * @throws IllegalStateException when it cannot run in this JVM on this machine; the message says what is missing
     */
    public static MatrixBackend select(String name) {
        if (!NAMES.contains(name)) {
            throw new IllegalArgumentException("back end '" + name + "' is not known, known are " + NAMES);
        }
        return name.equals("auto") ? Automatic.CHOICE : load(name);
    }

    private static MatrixBackend load(String name) {
        try {
            return switch (name) {
                case "vector" ->
                    IncubatorClasses.load("VectorBackend", MatrixBackend.class)
                            .orElseThrow(() -> new UnsupportedOperationException(
                                    IncubatorClasses.missing().orElseThrow()));
                case "onednn-f32" -> new OneDnnBackend(false);
                case "onednn-bf16" -> new OneDnnBackend(true);
                case "nd4j" -> new Nd4jBackend();
                case "nd4j-cuda" -> new Nd4jCudaBackend();
                default -> new ReferenceBackend();
            };
        } catch (LinkageError | RuntimeException missing) {
            throw new IllegalStateException(
                    "back end '" + name + "' cannot run here: " + reason(name, missing), missing);
        }
    }

    private static String reason(String name, Throwable missing) {
        if (missing instanceof UnsupportedOperationException) {
            return String.valueOf(missing.getMessage());
        }
        String library = name.startsWith("nd4j") ? "org.nd4j:nd4j-native" : "org.bytedeco:dnnl";
        String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        return "%s and its native library for %s must be on the class path (%s)".formatted(library, platform, missing);
    }

    /** The choice of {@code auto}, made at its first use. */
    private static final class Automatic {
        static final MatrixBackend CHOICE = choose();

        private static MatrixBackend choose() {
            List<String> figures = new ArrayList<>();
            Measured best = measured("onednn-f32", figures);
            Measured vector = measured("vector", figures);
            if (vector.speed > best.speed * VECTOR_MARGIN) {
                best = vector;
            }
            if (best.speed > 0 && hasNativeBfloat16()) {
                Measured bfloat16 = measured("onednn-bf16", figures);
                if (bfloat16.speed > Math.max(best.speed, vector.speed) * BFLOAT16_MARGIN) {
                    best = bfloat16;
                }
            }
            if (best.speed > 0) {
                LOG.info("back end {}: {}", best.backend.name(), String.join(", ", figures));
                return best.backend;
            }
            return withoutFastOnes();
        }

        private static MatrixBackend withoutFastOnes() {
            try {
                MatrixBackend portable = load("nd4j");
                LOG.warn("back end nd4j: nothing faster could be loaded");
                return portable;
            } catch (IllegalStateException missing) {
                LOG.warn("back end reference, some hundred times slower than the others: {}", missing.getMessage());
                return load("reference");
            }
        }

        private static boolean hasNativeBfloat16() {
            try {
                return OneDnnBackend.isBfloat16Native();
            } catch (LinkageError missing) {
                return false;
            }
        }

        private static Measured measured(String name, List<String> figures) {
            try {
                MatrixBackend backend = load(name);
                double speed = MatrixBenchmark.gigaflops(backend);
                figures.add(speed < 1 ? name + " not compiled in time" : "%s %.0f GFLOP/s".formatted(name, speed));
                return new Measured(backend, speed);
            } catch (IllegalStateException missing) {
                LOG.warn("{}", missing.getMessage());
                return new Measured(new ReferenceBackend(), 0);
            }
        }
    }

    private record Measured(MatrixBackend backend, double speed) {}
}
