package dev.fedlora.coordinator.config;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * What the HTTP server binds to.
 *
 * @param host name or literal address, such as {@code 127.0.0.1} or {@code 0.0.0.0}
 * @param port 1 to 65535, or 0 for any free port
 */
public record ListenAddress(String host, int port) {
    /** Any free port on the loopback interface: for tests and for a federation on one machine. */
    public static final ListenAddress LOOPBACK = new ListenAddress("127.0.0.1", 0);

    private static final int MAX_PORT = 65_535;

    /**
     * Says whether traffic to this address never leaves the machine.
     *
     * @throws UnknownHostException when the host has no address
     */
    public boolean isLoopback() throws UnknownHostException {
        for (InetAddress address : InetAddress.getAllByName(host)) {
            if (!address.isLoopbackAddress()) {
                return false;
            }
        }
        return true;
    }

    boolean hasValidPort() {
        return port >= 0 && port <= MAX_PORT;
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
