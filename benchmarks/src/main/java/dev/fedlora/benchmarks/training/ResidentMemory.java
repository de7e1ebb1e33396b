package dev.fedlora.benchmarks.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The memory of this process as the operating system counts it: Java, native libraries and mapped files in use. */
final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status"); // Linux
    private static final String PEAK = "VmHWM:";

    private ResidentMemory() {}

    /** Returns the most bytes that were resident at any time, where the system tells. */
    static OptionalLong peakBytes() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(PEAK)) {
                    String[] words = line.substring(PEAK.length()).strip().split(" ");
                    return OptionalLong.of(Long.parseLong(words[0]) * 1024); // it says kB and means KiB
                }
            }
        } catch (IOException notLinux) {
            // told by the empty result
        }
        return OptionalLong.empty();
    }
}
