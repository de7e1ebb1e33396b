package dev.fedlora.peer;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux tells about this machine and this process. */
final class Host {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");
    private static final Path PROCESS = Path.of("/proc/self/status");
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private static final long KIBIBYTE = 1024;

    private Host() {}

    /** The processor's name. */
    static String processor() throws IOException {
        return value(PROCESSORS, "model name");
    }

    /** The most memory that this process has had at once, libraries and Java included. */
    static long peakResidentBytes() throws IOException {
        return KIBIBYTE * Long.parseLong(value(PROCESS, "VmHWM").replace(" kB", ""));
    }

    /** Time that this process has had processors, of all threads together. */
    static long processorNanos() {
        return SYSTEM.getProcessCpuTime();
    }

    private static String value(Path file, String name) throws IOException {
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(name)) {
                return line.substring(line.indexOf(':') + 1).strip();
            }
        }
        throw new IOException("%s: has no line '%s'".formatted(file, name));
    }
}
