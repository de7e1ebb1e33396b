package dev.fedlora.cli.remote;

import dev.fedlora.client.http.HttpOptions;
import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of commands that ask a coordinator. */
public final class CoordinatorOptions {
    @Option(
            names = "--url",
            required = true,
            paramLabel = "URL",
            description = "Where the coordinator is: https, or http on this machine.")
    private URI url = URI.create("https://localhost");

    @Option(
            names = "--trusted-certificates",
            paramLabel = "PEM",
            description = "Certificates that may vouch for it (default: those that Java trusts).")
    private @Nullable Path certificates;

    /**
     * Returns where it is and how it is reached.
     *
     * @throws IllegalArgumentException when the address is not one a client may use
     */
    public HttpOptions http() {
        return HttpOptions.of(url, certificates);
    }
}
