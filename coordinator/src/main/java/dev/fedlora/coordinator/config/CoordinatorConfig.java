package dev.fedlora.coordinator.config;

import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything a coordinator is told before it starts.
 *
 * <p>The record accepts any values; {@link #requireValid()} checks them as a whole, so that a person who made five
 * mistakes reads five lines. Plain HTTP is allowed on loopback only.
 *
 * @param publicName how this coordinator calls itself in its answers, such as {@code fed.example.org}
 * @param listen address and port
 * @param dataDirectory holds the database, the ledgers and the identity key; created when missing
 * @param roster JSON file of the clients and their identity keys, made outside the coordinator
 * @param tls certificate files, or null for plain HTTP
 * @param limits what one request may cost
 */
public record CoordinatorConfig(
        String publicName,
        ListenAddress listen,
        Path dataDirectory,
        Path roster,
        @Nullable TlsFiles tls,
        Limits limits) {
    /** Longest public name: that of a DNS name. */
    private static final int MAX_NAME = 253;

    /** Returns a configuration for this machine alone: plain HTTP on a free loopback port. */
    public static CoordinatorConfig onLoopback(Path dataDirectory, Path roster) {
        return new CoordinatorConfig("localhost", ListenAddress.LOOPBACK, dataDirectory, roster, null, Limits.DEFAULT);
    }

    /** Returns the same configuration at another address. */
    public CoordinatorConfig withListen(ListenAddress other) {
        return new CoordinatorConfig(publicName, other, dataDirectory, roster, tls, limits);
    }

    /** Returns the same configuration with a certificate. */
    public CoordinatorConfig withTls(TlsFiles files) {
        return new CoordinatorConfig(publicName, listen, dataDirectory, roster, files, limits);
    }

    /** Returns the same configuration with other limits. */
    public CoordinatorConfig withLimits(Limits other) {
        return new CoordinatorConfig(publicName, listen, dataDirectory, roster, tls, other);
    }

    /** Returns one line for each mistake; an empty list means that the configuration can be used. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (publicName.isBlank() || publicName.length() > MAX_NAME) {
            problems.add("publicName must have 1 to %d characters, got %d".formatted(MAX_NAME, publicName.length()));
        }
        if (!listen.hasValidPort()) {
            problems.add("listen.port must be 0 to 65535, got " + listen.port());
        }
        requireTlsOffLoopback(problems);
        requireReadable(problems, "roster", roster);
        if (tls != null) {
            requireReadable(problems, "tls.certificate", tls.certificate());
            requireReadable(problems, "tls.key", tls.key());
        }
        if (Files.exists(dataDirectory) && !Files.isDirectory(dataDirectory)) {
            problems.add("dataDirectory " + dataDirectory + " is not a directory");
        }
        problems.addAll(limits.problems());
        return List.copyOf(problems);
    }

    /** @throws StartupException that lists every problem, when there is one */
    public void requireValid() {
        List<String> problems = problems();
        if (!problems.isEmpty()) {
            throw new StartupException(StartupException.Reason.CONFIGURATION, problems);
        }
    }

    private void requireTlsOffLoopback(List<String> problems) {
        try {
            if (!listen.isLoopback() && tls == null) {
                problems.add("listen.host " + listen.host()
                        + " is reachable from other machines: tls.certificate and tls.key are needed"
                        + " (plain HTTP is allowed on loopback addresses only)");
            }
        } catch (UnknownHostException e) {
            problems.add("listen.host " + listen.host() + " has no address");
        }
    }

    private static void requireReadable(List<String> problems, String name, Path file) {
        if (!Files.isRegularFile(file)) {
            problems.add(name + " " + file + " does not exist");
        } else if (!Files.isReadable(file)) {
            problems.add(name + " " + file + " is not readable");
        }
    }
}
