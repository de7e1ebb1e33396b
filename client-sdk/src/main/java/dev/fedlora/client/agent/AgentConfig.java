package dev.fedlora.client.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.client.config.ConfigurationException;
import dev.fedlora.client.config.Fields;
import dev.fedlora.client.http.HttpOptions;
import dev.fedlora.client.policy.ClientPolicy;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What one agent is told. In JSON, with what is taken for a field that is absent (those without are required); paths are
 * relative to the file's own folder:
 *
 * <pre>
 * {
 *   "clientId": 3,
 *   "coordinator": "https://fed.example.org",
 *   "coordinatorKey": "64 hex digits",
 *   "rosterSha256": "64 hex digits",
 *   "roster": "roster.json",
 *   "identity": "identity.key",
 *   "trustedCertificates": none: those that Java trusts,
 *   "task": "triage",
 *   "data": "notes.jsonl",
 *   "baseModel": "minilm.gguf",
 *   "policy": none: the default policy,
 *   "state": "state"
 * }
 * </pre>
 *
 * @param clientId on the roster
 * @param http where the coordinator is and how it is reached
 * @param coordinatorKey pinned Ed25519 public key
 * @param roster pinned: its hash is the one in the file
 * @param identity file of this client's own keys
 * @param task to take part in
 * @param data JSONL file of this client's examples
 * @param baseModel GGUF file
 * @param policy of this client's owner
 * @param state directory of the rounds seen, the privacy ledgers and the final adapter
 */
public record AgentConfig(
        long clientId,
        HttpOptions http,
        Bytes coordinatorKey,
        Roster roster,
        Path identity,
        String task,
        Path data,
        Path baseModel,
        ClientPolicy policy,
        Path state) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final URI NOWHERE = URI.create("https://localhost");
    private static final Bytes NO_HASH = Bytes.sha256(new byte[0]);

    /**
     * Reads a configuration.
     *
     * @throws ConfigurationException listing every mistake, those of the policy file included
     * @throws IOException when a file cannot be read
     */
    public static AgentConfig read(Path file) throws IOException {
        return read(file, name -> beside(file, name));
    }

    /**
     * Reads a configuration whose base model may be named in another way than by a path.
     *
     * @param baseModels gives the GGUF file for the name that the file says
     * @throws ConfigurationException listing every mistake, those of the policy file included
     * @throws IOException when a file cannot be read
     */
    public static AgentConfig read(Path file, Function<String, Path> baseModels) throws IOException {
        Fields fields = Fields.read(file, JSON);
        AgentConfig config = new AgentConfig(
                fields.whole("clientId", 1, Long.MAX_VALUE),
                http(fields, file),
                hex(fields, "coordinatorKey"),
                roster(fields, file),
                existing(fields, "identity", beside(file, optional(fields, "identity", "identity.key"))),
                fields.text("task"),
                existing(fields, "data", beside(file, fields.text("data"))),
                existing(fields, "baseModel", baseModels.apply(fields.text("baseModel"))),
                policy(fields, file),
                beside(file, optional(fields, "state", "state")));
        fields.finish();
        return config;
    }

    private static HttpOptions http(Fields fields, Path file) {
        String address = fields.text("coordinator");
        String trusted = fields.text("trustedCertificates", null);
        Path certificates = trusted == null ? null : existing(fields, "trustedCertificates", beside(file, trusted));
        try {
            return HttpOptions.of(address.isEmpty() ? NOWHERE : URI.create(address), certificates);
        } catch (IllegalArgumentException e) {
            fields.mistake("coordinator: " + e.getMessage());
            return HttpOptions.of(NOWHERE, null);
        }
    }

    private static Roster roster(Fields fields, Path file) throws IOException {
        Bytes pinned = hex(fields, "rosterSha256");
        Path path = existing(fields, "roster", beside(file, optional(fields, "roster", "roster.json")));
        Roster none = new Roster(java.util.List.of());
        if (!Files.isRegularFile(path)) {
            return none;
        }
        try {
            Roster roster = Roster.ofJson(Files.readString(path));
            if (!roster.hash().equals(pinned) && !pinned.equals(NO_HASH)) {
                fields.mistake("roster: %s has the hash %s, pinned is %s".formatted(path, roster.hash(), pinned));
            }
            return roster;
        } catch (JsonProcessingException e) {
            fields.mistake("roster: %s is no roster: %s".formatted(path, e.getOriginalMessage()));
            return none;
        }
    }

    private static ClientPolicy policy(Fields fields, Path file) throws IOException {
        String name = fields.text("policy", null);
        if (name == null) {
            return ClientPolicy.DEFAULT;
        }
        Path path = beside(file, name);
        if (!Files.isRegularFile(path)) {
            fields.mistake("policy: there is no file " + path);
            return ClientPolicy.DEFAULT;
        }
        try {
            return ClientPolicy.read(path);
        } catch (ConfigurationException e) {
            e.mistakes().forEach(mistake -> fields.mistake("policy: " + path + ": " + mistake));
            return ClientPolicy.DEFAULT;
        }
    }

    private static Bytes hex(Fields fields, String name) {
        String digits = fields.text(name);
        if (digits.matches("[0-9a-fA-F]{64}")) {
            return Bytes.ofHex(digits);
        }
        if (!digits.isEmpty()) {
            fields.mistake(name + ": expected 64 hex digits, got \"" + digits + "\"");
        }
        return NO_HASH;
    }

    private static String optional(Fields fields, String name, String otherwise) {
        String value = fields.text(name, null);
        return value == null ? otherwise : value;
    }

    private static Path existing(Fields fields, String name, Path path) {
        if (!Files.isRegularFile(path) && !Files.isDirectory(path)) {
            fields.mistake(name + ": there is no file " + path);
        }
        return path;
    }

    private static Path beside(Path file, @Nullable String name) {
        Path folder = file.toAbsolutePath().getParent();
        String relative = name == null ? "" : name;
        return folder == null ? Path.of(relative) : folder.resolve(relative);
    }
}
