package dev.fedlora.cli.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.client.agent.AgentConfig;
import dev.fedlora.lora.file.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * Where one client keeps what it needs, for its owner's eyes alone.
 *
 * @param path of the folder
 */
record ClientFolder(Path path) {
    private static final String IDENTITY = "identity.key";
    private static final String CONFIGURATION = "agent.json";
    private static final String ENTRY = "roster-entry.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Returns the identity key, if there is one. */
    Optional<IdentityKeys> identity() throws IOException {
        Path file = path.resolve(IDENTITY);
        return Files.exists(file) ? Optional.of(IdentityKeys.load(file)) : Optional.empty();
    }

    /** Returns the configuration as far as it is known. */
    ObjectNode configuration() throws IOException {
        Path file = path.resolve(CONFIGURATION);
        if (!Files.exists(file)) {
            return Answer.object();
        }
        try {
            JsonNode read = JSON.readTree(Files.readAllBytes(file));
            if (read instanceof ObjectNode object) {
                return object;
            }
            throw new IOException(file + ": expected a JSON object");
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": " + e.getOriginalMessage(), e);
        }
    }

    /** Makes the folder when it is missing. */
    void make() throws IOException {
        if (Files.isDirectory(path)) {
            return;
        }
        if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectories(
                    path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectories(path);
        }
    }

    /** Keeps a new identity key. */
    void keep(IdentityKeys identity) throws IOException {
        identity.save(path.resolve(IDENTITY));
    }

    /** Keeps what others are told, and the configuration. */
    void keep(RosterEntry entry, ObjectNode configuration) throws IOException {
        WholeFile.write(path.resolve(ENTRY), pretty(JSON.valueToTree(entry)));
        WholeFile.write(path.resolve(CONFIGURATION), pretty(configuration));
    }

    private static byte[] pretty(JsonNode json) throws IOException {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
    }

    /**
     * Returns the configuration, complete and checked.
     *
     * @throws dev.fedlora.client.config.ConfigurationException listing all that is missing or wrong
     */
    AgentConfig agent() throws IOException {
        Path file = path.resolve(CONFIGURATION);
        if (!Files.exists(file)) {
            throw new IOException(path + ": no client has joined from this folder; see 'fedlora client join'");
        }
        return AgentConfig.read(file, OpenedBase.beside(file));
    }
}
