package dev.fedlora.lora.tensor;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What must be said to native libraries before they load. */
final class NativeLimits {
    private static final Logger LOG = LoggerFactory.getLogger(NativeLimits.class);

    static {
        // JavaCPP counts the whole process, mapped models included, against a multiple of the Java heap; 0 means no
        // limit
        for (String limit : List.of("org.bytedeco.javacpp.maxPhysicalBytes", "org.bytedeco.javacpp.maxBytes")) {
            if (System.getProperty(limit) == null) {
                System.setProperty(limit, "0");
            }
        }
        if (!"1".equals(System.getenv("OMP_NUM_THREADS"))
                && Runtime.getRuntime().availableProcessors() > 1) {
            LOG.warn("OMP_NUM_THREADS is not 1: every worker thread will start a team of native threads of its own,"
                    + " and they will hinder each other; set it to 1 before java starts");
        }
    }

    private NativeLimits() {}

    /** Lifts JavaCPP's limits unless they were given on the command line; must run before its first class loads. */
    static void lift() {
        // done once, by the static initializer
    }
}
