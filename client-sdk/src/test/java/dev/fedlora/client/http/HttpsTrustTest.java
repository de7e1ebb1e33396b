package dev.fedlora.client.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.testing.Federation;
import dev.fedlora.client.testing.VirtualTime;
import dev.fedlora.client.transport.Retry;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the JDK's own HTTPS server, with certificates that its keytool makes. */
class HttpsTrustTest {
    private static final String PASSWORD = "changeit";

    @TempDir
    Path folder;

    private final Federation federation = new Federation(3);
    private final VirtualTime time = new VirtualTime();
    private final TaskSpec task = federation.task(1);
    private HttpsServer server;
    private URI uri;

    @BeforeEach
    void start() throws Exception {
        KeyStore own = certificate("server");
        certificate("other");
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            byte[] body = task.toJson().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        uri = URI.create("https://localhost:" + server.getAddress().getPort());
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void task_certificateIsTrusted_isRead() throws Exception {
        assertThat(transport("server.pem").task("line")).isEqualTo(task);
    }

    @Test
    void task_anotherCertificateIsTrusted_isRefusedAndNotTriedAgain() throws Exception {
        HttpTransport transport = transport("other.pem");
        List<String> attempts = new ArrayList<>();

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> new Retry(time).until(time.now().plusSeconds(100), "asking", () -> {
                    attempts.add("once");
                    return transport.task("line");
                }))
                .withMessageStartingWith(uri + ": ");
        assertThat(attempts).hasSize(1);
    }

    private HttpTransport transport(String pem) throws IOException {
        return new HttpTransport(HttpOptions.of(uri, folder.resolve(pem)), 2, federation.client(2), time);
    }

    private KeyStore certificate(String name) throws Exception {
        Path store = folder.resolve(name + ".p12");
        keytool(
                "-genkeypair",
                "-keystore",
                store.toString(),
                "-dname",
                "CN=" + name,
                "-keyalg",
                "EC",
                "-validity",
                "2",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1");
        keytool(
                "-exportcert",
                "-rfc",
                "-keystore",
                store.toString(),
                "-file",
                folder.resolve(name + ".pem").toString());
        KeyStore loaded = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            loaded.load(in, PASSWORD.toCharArray());
        }
        return loaded;
    }

    private void keytool(String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of("-alias", "own", "-storepass", PASSWORD, "-storetype", "PKCS12"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }
}
