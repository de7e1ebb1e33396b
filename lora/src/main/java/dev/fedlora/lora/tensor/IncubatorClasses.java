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

    private IncubatorClasses() {}

    /** Returns a new {@code name} of this package, or nothing, with a logged warning, where the module is missing. */
    static <T> Optional<T> load(String name, Class<T> type) {
        try {
            Class<?> found = Class.forName(IncubatorClasses.class.getPackageName() + "." + name);
            return Optional.of(type.cast(found.getDeclaredConstructor().newInstance()));
        } catch (ReflectiveOperationException | LinkageError missing) {
            LOG.warn(
                    "{} is not used: start java with --add-modules jdk.incubator.vector for the fast kernels ({})",
                    name,
                    missing.toString());
            return Optional.empty();
        }
    }
}
