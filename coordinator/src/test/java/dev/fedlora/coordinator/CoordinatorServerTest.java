package dev.fedlora.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.coordinator.config.ListenAddress;
import dev.fedlora.coordinator.config.StartupException;
import dev.fedlora.coordinator.config.StartupException.Reason;
import dev.fedlora.coordinator.config.TlsFiles;
import dev.fedlora.coordinator.registry.Federation;
import dev.fedlora.coordinator.store.Store;
import dev.fedlora.coordinator.store.TaskState;
import dev.fedlora.coordinator.testing.Adapters;
import dev.fedlora.coordinator.testing.SelfSignedCertificate;
import dev.fedlora.coordinator.testing.Tasks;
import dev.fedlora.coordinator.testing.TestFederation;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CoordinatorServerTest {
    @TempDir
    Path folder;

    private Path data;
    private CoordinatorConfig config;

    @BeforeEach
    void configure() {
        data = folder.resolve("data");
        config = CoordinatorConfig.onLoopback(data, new TestFederation(3).writeRoster(folder));
    }

    private static int status(HttpClient client, URI server, String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(server.resolve(path)).build();
        return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    private StartupException refusal(CoordinatorConfig wrong) {
        return catchThrowableOfType(
                StartupException.class, () -> CoordinatorServer.start(wrong).close());
    }

    @Test
    void start_onLoopback_answersAndStops() throws Exception {
        URI uri;
        try (CoordinatorServer server = CoordinatorServer.start(config)) {
            uri = server.uri();
            assertThat(uri.getPort()).isPositive();
            assertThat(status(HttpClient.newHttpClient(), uri, "/healthz")).isEqualTo(200);
            assertThat(status(HttpClient.newHttpClient(), uri, "/readyz")).isEqualTo(200);
        }
        assertThatThrownBy(() -> status(HttpClient.newHttpClient(), uri, "/healthz"))
                .isInstanceOf(IOException.class);
    }

    @Test
    void start_again_sameIdentityThatOnlyItsOwnerMayRead() throws IOException {
        Bytes key;
        try (CoordinatorServer server = CoordinatorServer.start(config)) {
            key = server.publicKey();
            assertThat(key.size()).isEqualTo(32);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve(Federation.IDENTITY_FILE))))
                .isEqualTo("rw-------");
        try (CoordinatorServer server = CoordinatorServer.start(config)) {
            assertThat(server.publicKey()).isEqualTo(key);
        }
    }

    @Test
    void start_identityReadableByOthers_refused() throws IOException {
        CoordinatorServer.start(config).close();
        Path key = data.resolve(Federation.IDENTITY_FILE);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        StartupException refusal = refusal(config);
        assertThat(refusal.reason()).isEqualTo(Reason.IDENTITY);
        assertThat(refusal).hasMessageContaining(key.toString()).hasMessageContaining("owner");
    }

    @Test
    void start_portInUse_oneLineNamesAddressAndPort() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ListenAddress address = new ListenAddress("127.0.0.1", taken.getLocalPort());
            StartupException refusal = refusal(config.withListen(address));
            assertThat(refusal.reason()).isEqualTo(Reason.LISTEN);
            assertThat(refusal.problems())
                    .containsExactly(
                            "cannot listen on " + address + ": the address is in use or not one of this machine");
        }
        CoordinatorServer.start(config).close(); // nothing was left open
    }

    @Test
    void start_portInUse_runningTaskLosesNoRound() throws IOException {
        try (CoordinatorServer server = CoordinatorServer.start(config)) {
            server.roundService().createTask(Tasks.secure("triage", 1), AdapterBytes.encode(Adapters.initial()));
            server.roundService().start("triage");
            server.roundService().awaitPlan("triage", 0).toCompletableFuture().join();
        }
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            refusal(config.withListen(new ListenAddress("127.0.0.1", taken.getLocalPort())));
        }
        try (CoordinatorServer server = CoordinatorServer.start(config)) {
            assertThat(server.roundService()
                            .awaitPlan("triage", 0)
                            .toCompletableFuture()
                            .join()
                            .plan()
                            .round())
                    .isEqualTo(2);
            assertThat(server.roundService().status("triage").state()).isEqualTo(TaskState.RUNNING);
        }
    }

    @Test
    void start_dataDirectoryCannotBeWritten_oneLineNamesIt() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        Path below = file.resolve("data");
        StartupException refusal = refusal(CoordinatorConfig.onLoopback(below, config.roster()));
        assertThat(refusal.reason()).isEqualTo(Reason.DATA_DIRECTORY);
        assertThat(refusal.problems()).singleElement().asString().contains("data directory " + below);
    }

    @Test
    void start_twiceOnOneDataDirectory_secondRefused() {
        try (CoordinatorServer first = CoordinatorServer.start(config)) {
            assertThat(first).isNotNull();
            assertThat(refusal(config).reason()).isEqualTo(Reason.DATA_DIRECTORY_IN_USE);
        }
        CoordinatorServer.start(config).close();
    }

    @Test
    void start_offLoopbackWithoutTls_refused() {
        StartupException refusal = refusal(config.withListen(new ListenAddress("0.0.0.0", 0)));
        assertThat(refusal.reason()).isEqualTo(Reason.CONFIGURATION);
        assertThat(refusal).hasMessageContaining("tls.certificate");
        assertThat(data).doesNotExist();
    }

    @Test
    void start_withCertificate_answersOverTls() throws Exception {
        SelfSignedCertificate certificate = new SelfSignedCertificate(folder);
        CoordinatorConfig secure = config.withTls(certificate.pem()).withListen(new ListenAddress("0.0.0.0", 0));
        try (CoordinatorServer server = CoordinatorServer.start(secure)) {
            assertThat(server.uri().getScheme()).isEqualTo("https");
            URI reachable = URI.create("https://127.0.0.1:" + server.uri().getPort());
            HttpClient trusting =
                    HttpClient.newBuilder().sslContext(certificate.trust()).build();
            assertThat(status(trusting, reachable, "/healthz")).isEqualTo(200);
            assertThatThrownBy(() -> status(HttpClient.newHttpClient(), reachable, "/healthz"))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void start_certificateIsNone_refusedNamingTheFiles() throws IOException {
        Path nonsense = Files.writeString(folder.resolve("nonsense.pem"), "nonsense");
        StartupException refusal = refusal(config.withTls(new TlsFiles(nonsense, nonsense)));
        assertThat(refusal.reason()).isEqualTo(Reason.TLS);
        assertThat(refusal).hasMessageContaining(nonsense.toString());
    }

    @Test
    void start_rosterIsNoJsonOrEmptyOrTwice_refusedNamingTheFile() throws IOException {
        String entries = new TestFederation(1).roster().toJson();
        String twice = entries.replaceFirst("(?s)(\\{\\s*\"id\".*?})", "$1,$1");
        for (String wrong : new String[] {"{", "{\"clients\":[]}", twice, "{\"clients\":[],\"more\":1}"}) {
            Files.writeString(config.roster(), wrong);
            StartupException refusal = refusal(config);
            assertThat(refusal.reason()).as(wrong).isEqualTo(Reason.ROSTER);
            assertThat(refusal).hasMessageContaining(config.roster().toString());
        }
    }

    @Test
    void start_databaseIsNone_refusedNamingTheFile() throws IOException {
        Files.createDirectories(data);
        Path file = Files.writeString(data.resolve(Store.FILE), "no database ".repeat(100));
        StartupException refusal = refusal(config);
        assertThat(refusal.reason()).isEqualTo(Reason.STORE);
        assertThat(refusal).hasMessageContaining(file.toString());
    }
}
