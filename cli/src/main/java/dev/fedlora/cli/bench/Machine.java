package dev.fedlora.cli.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this machine is called. */
final class Machine {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo"); // Linux

    private Machine() {}

    /** Returns the processor's name where the system tells it, else its architecture. */
    static String processor() {
        try {
            for (String line : Files.readAllLines(PROCESSORS)) {
                if (line.startsWith("model name")) {
                    return line.substring(line.indexOf(':') + 1).strip();
                }
            }
        } catch (IOException notLinux) {
            // the architecture will do
        }
        return System.getProperty("os.arch");
    }
}
