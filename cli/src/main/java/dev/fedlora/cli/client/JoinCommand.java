package dev.fedlora.cli.client;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code fedlora client join}: a client's identity and configuration. */
@Command(
        name = "join",
        description = {
            "Make a client's folder with its identity key, and print its entry for the roster.",
            "Run it again to add what was not known yet, such as the finished roster; key and other settings are kept."
        })
final class JoinCommand extends AnsweringCommand {
    private static final String CLIENT_ID = "clientId";

    @Option(names = "--dir", required = true, paramLabel = "DIR", description = "The client's folder.")
    private Path directory = Path.of("");

    @Option(names = "--name", required = true, paramLabel = "NAME", description = "Its name on the roster.")
    private String name = "";

    @Option(names = "--id", required = true, paramLabel = "N", description = "Its number on the roster, from 1.")
    private long id;

    @Mixin
    private ConnectionOptions connection = new ConnectionOptions();

    @Override
    protected Answer answer() throws IOException {
        ClientFolder folder = new ClientFolder(directory);
        ObjectNode configuration = folder.configuration();
        if (configuration.has(CLIENT_ID) && configuration.get(CLIENT_ID).asLong() != id) {
            throw new IOException(
                    "%s belongs to client %s, not to client %d".formatted(directory, configuration.get(CLIENT_ID), id));
        }
        Optional<IdentityKeys> known = folder.identity();
        try (IdentityKeys identity = known.orElseGet(() -> IdentityKeys.generate(new SecureRandom()))) {
            RosterEntry entry = fromOptions(() -> new RosterEntry(id, name, Bytes.of(identity.publicKey())));
            configuration.put(CLIENT_ID, id);
            connection.addTo(configuration, entry);
            folder.make();
            if (known.isEmpty()) {
                folder.keep(identity);
            }
            folder.keep(entry, configuration);
            String json = new ObjectMapper().writeValueAsString(entry);
            return new Answer(json, json);
        }
    }
}
