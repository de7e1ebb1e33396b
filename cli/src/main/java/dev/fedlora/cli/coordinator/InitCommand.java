package dev.fedlora.cli.coordinator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.coordinator.registry.Federation;
import dev.fedlora.coordinator.store.DirectoryLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code fedlora coordinator init}: the coordinator's identity. */
@Command(
        name = "init",
        description = {
            "Make a coordinator's data directory and its identity key, and print the public key: what clients pin.",
            "A key that is there is kept and printed."
        })
final class InitCommand extends AnsweringCommand {
    @Option(
            names = "--dir",
            required = true,
            paramLabel = "DIR",
            description = "The data directory, for its owner's eyes alone; made when it is missing.")
    private Path directory = Path.of("");

    @Override
    protected Answer answer() throws IOException {
        DirectoryLock claimed = DirectoryLock.claim(directory);
        try (claimed;
                IdentityKeys keys = keys(directory.resolve(Federation.IDENTITY_FILE))) {
            Bytes publicKey = Bytes.of(keys.publicKey());
            ObjectNode json = Answer.object();
            json.put("directory", directory.toAbsolutePath().normalize().toString());
            json.put("publicKey", publicKey.hex());
            return Answer.of(json, publicKey.hex());
        }
    }

    private static IdentityKeys keys(Path file) throws IOException {
        if (Files.exists(file)) {
            return IdentityKeys.load(file);
        }
        IdentityKeys keys = IdentityKeys.generate(new SecureRandom());
        keys.save(file);
        return keys;
    }
}
