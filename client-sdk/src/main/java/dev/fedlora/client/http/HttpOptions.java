package dev.fedlora.client.http;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where the coordinator is and how it is reached.
 *
 * @param coordinator base address, such as {@code https://coordinator.example.org}; plain http only for this machine's
 *     own loopback addresses
 * @param trustedCertificates PEM file of the certificates that may vouch for the coordinator, or null for those that Java
 *     trusts
 * @param connectTimeout for a connection to come about
 * @param requestTimeout for a request with its answer, beyond what it waits for on purpose
 */
public record HttpOptions(
        URI coordinator, @Nullable Path trustedCertificates, Duration connectTimeout, Duration requestTimeout) {
    /** @throws IllegalArgumentException when the address is not one a client may use; the message says why */
    public HttpOptions {
        coordinator = checked(coordinator);
        requirePositive("connectTimeout", connectTimeout);
        requirePositive("requestTimeout", requestTimeout);
    }

    /** Returns options with 10 seconds to connect and 10 minutes for a request: a large vector over a slow line. */
    public static HttpOptions of(URI coordinator, @Nullable Path trustedCertificates) {
        return new HttpOptions(coordinator, trustedCertificates, Duration.ofSeconds(10), Duration.ofMinutes(10));
    }

    private static URI checked(URI address) {
        String scheme = address.getScheme() == null ? "" : address.getScheme().toLowerCase(Locale.ROOT);
        if ((!scheme.equals("https") && !scheme.equals("http")) || address.getHost() == null) {
            throw new IllegalArgumentException("coordinator address must be an https URL, got " + address);
        }
        if (scheme.equals("http") && !isLoopback(address.getHost())) {
            throw new IllegalArgumentException("coordinator address " + address
                    + ": plain http is allowed for localhost, 127.x.x.x and [::1] alone, use https");
        }
        if (address.getRawQuery() != null || address.getRawFragment() != null || address.getRawUserInfo() != null) {
            throw new IllegalArgumentException(
                    "coordinator address must have no user, query or fragment, got " + address);
        }
        String path = address.getRawPath() == null ? "" : address.getRawPath();
        if (!path.isEmpty() && !path.equals("/")) {
            throw new IllegalArgumentException("coordinator address must have no path, got " + address);
        }
        return URI.create(scheme + "://" + address.getRawAuthority());
    }

    // by name, not by look-up: a resolver must not decide whether encryption is needed
    private static boolean isLoopback(String host) {
        return host.equalsIgnoreCase("localhost")
                || host.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}")
                || host.equals("[::1]")
                || host.equals("[0:0:0:0:0:0:0:1]");
    }

    private static void requirePositive(String name, Duration length) {
        if (length.isZero() || length.isNegative()) {
            throw new IllegalArgumentException(name + " must be positive, got " + length);
        }
    }
}
