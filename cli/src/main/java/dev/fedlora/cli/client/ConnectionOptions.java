package dev.fedlora.cli.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.cli.artifact.BuiltInModel;
import dev.fedlora.client.config.ConfigurationException;
import dev.fedlora.client.http.HttpOptions;
import dev.fedlora.client.policy.ClientPolicy;
import dev.fedlora.lora.file.TextFile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a client is told of its federation, as far as it is known yet. */
final class ConnectionOptions {
    @Option(names = "--url", paramLabel = "URL", description = "Where the coordinator is.")
    private @Nullable String url;

    @Option(
            names = "--trusted-certificates",
            paramLabel = "PEM",
            description = "Certificates that may vouch for it (default: those that Java trusts).")
    private @Nullable Path certificates;

    @Option(
            names = "--coordinator-key",
            paramLabel = "HEX",
            description = "Its public key, pinned: what 'fedlora coordinator init' printed.")
    private @Nullable String coordinatorKey;

    @Option(
            names = "--roster",
            paramLabel = "FILE",
            description = "The roster, pinned as it is now. This client must be on it.")
    private @Nullable Path roster;

    @Option(names = "--task", paramLabel = "NAME", description = "The task to take part in.")
    private @Nullable String task;

    @Option(names = "--data", paramLabel = "FILE", description = "This client's own examples, JSONL.")
    private @Nullable Path data;

    @Option(
            names = "--base",
            paramLabel = "MODEL",
            description = "The task's base model: a GGUF file, or the built-in all-minilm-l6-v2.")
    private @Nullable String base;

    @Option(
            names = "--policy",
            paramLabel = "FILE",
            description = "What this client insists on, JSON (default: secure aggregation among at least 3, epsilon at"
                    + " most 10 at delta at most 1e-5 where the task has them).")
    private @Nullable Path policy;

    /**
     * Puts what was given into the configuration of the client that {@code own} describes.
     *
     * @throws ConfigurationException listing everything that cannot be used; the configuration is as it was then
     */
    void addTo(ObjectNode configuration, RosterEntry own) throws IOException {
        List<String> mistakes = new ArrayList<>();
        Roster pinned = roster == null ? null : roster(roster, own, mistakes);
        checkAddress(mistakes);
        checkKey(mistakes);
        checkFiles(mistakes);
        if (!mistakes.isEmpty()) {
            throw new ConfigurationException("client " + own.id(), mistakes);
        }
        put(configuration, "coordinator", url);
        put(configuration, "coordinatorKey", coordinatorKey);
        put(configuration, "task", task);
        put(configuration, "trustedCertificates", text(certificates));
        put(configuration, "data", text(data));
        put(configuration, "policy", text(policy));
        put(configuration, "roster", text(roster));
        put(configuration, "rosterSha256", pinned == null ? null : pinned.hash().hex());
        boolean isFile = base != null && BuiltInModel.find(base).isEmpty();
        put(configuration, "baseModel", isFile ? text(Path.of(String.valueOf(base))) : base);
    }

    private static @Nullable Roster roster(Path file, RosterEntry own, List<String> mistakes) throws IOException {
        try {
            Roster roster = Roster.ofJson(TextFile.read(file));
            if (roster.find(own.id()).filter(own::equals).isEmpty()) {
                mistakes.add("--roster: %s does not have the entry %s; create it from this client's roster-entry.json"
                        .formatted(file, own));
            }
            return roster;
        } catch (JsonProcessingException e) {
            mistakes.add("--roster: %s is no roster: %s".formatted(file, e.getOriginalMessage()));
            return null;
        }
    }

    private void checkAddress(List<String> mistakes) {
        try {
            if (url != null) {
                HttpOptions.of(URI.create(url), null);
            }
        } catch (IllegalArgumentException e) {
            mistakes.add("--url: " + e.getMessage());
        }
    }

    private void checkKey(List<String> mistakes) {
        if (coordinatorKey == null) {
            return;
        }
        boolean isHex = coordinatorKey.matches("[0-9a-fA-F]{64}");
        if (!isHex || !IdentityKeys.isPublicKey(Bytes.ofHex(coordinatorKey).toArray())) {
            mistakes.add("--coordinator-key: expected an Ed25519 public key of 64 hex digits, got \"" + coordinatorKey
                    + "\"");
        }
    }

    private void checkFiles(List<String> mistakes) throws IOException {
        if (data != null && !Files.isRegularFile(data)) {
            mistakes.add("--data: there is no file " + data);
        }
        if (certificates != null && !Files.isRegularFile(certificates)) {
            mistakes.add("--trusted-certificates: there is no file " + certificates);
        }
        if (policy != null) {
            try {
                ClientPolicy.read(policy);
            } catch (ConfigurationException e) {
                e.mistakes().forEach(mistake -> mistakes.add("--policy: " + policy + ": " + mistake));
            }
        }
    }

    private static void put(ObjectNode configuration, String field, @Nullable String value) {
        if (value != null) {
            configuration.put(field, value);
        }
    }

    /** Paths in a configuration are relative to its folder, those of a command line are not. */
    private static @Nullable String text(@Nullable Path file) {
        return file == null ? null : file.toAbsolutePath().normalize().toString();
    }
}
