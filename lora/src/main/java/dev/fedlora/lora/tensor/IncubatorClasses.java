package dev.fedlora.lora.tensor;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the classes on the Vector API, an incubator module that a JVM has only when started with {@code --add-modules
 * jdk.incubator.vector}. They are compiled apart and named here alone.
 */
final class IncubatorClasses {
    private static final Logger LOG = LoggerFactory.getLogger(IncubatorClasses.class);
    private static final Optional<String> MISSING = probe();

    private IncubatorClasses() {}

    private static Optional<String> probe() {
        try {
            Class.forName(name("VectorMath"));
            return Optional.empty();
        } catch (ClassNotFoundException | LinkageError missing) {
            Throwable cause = missing.getCause() == null ? missing : missing.getCause();
            String reason =
                    "the Vector API is missing, start java with --add-modules jdk.incubator.vector (" + cause + ")";
            LOG.warn("slow kernels in use: {}", reason);
            return Optional.of(reason);
        }
    }

    /** Returns why these classes cannot be used in this JVM, or nothing where they can. */
    static Optional<String> missing() {
        return MISSING;
    }

    /** Returns a new {@code name} of this package, or nothing where the module is missing, which is logged once. */
    static <T> Optional<T> load(String name, Class<T> type) {
        if (MISSING.isPresent()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    type.cast(Class.forName(name(name)).getDeclaredConstructor().newInstance()));
        } catch (ReflectiveOperationException ours) {
            throw new IllegalStateException(name + " has no usable constructor", ours);
        }
    }

    private static String name(String simple) {
        return IncubatorClasses.class.getPackageName() + "." + simple;
    }
}
