package dev.fedlora.client.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.fedlora.aggregation.secagg.RoundPlans;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.RequestSignature;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.client.testing.Federation;
import dev.fedlora.client.testing.VirtualTime;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.client.transport.RoundEndedException;
import dev.fedlora.client.transport.TaskFinishedException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the JDK's own HTTP server, whose handlers answer what each test wants. */
class HttpTransportTest {
    private static final SessionId SESSION = new SessionId(Bytes.sha256(new byte[] {1}));
    private static final long CLIENT = 2;

    @TempDir
    Path folder;

    private final Federation federation = new Federation(3);
    private final VirtualTime time = new VirtualTime();
    private final List<String> requests = new ArrayList<>();
    private final List<byte[]> bodies = new ArrayList<>();
    private final CountDownLatch release = new CountDownLatch(1);
    private HttpServer server;
    private HttpTransport transport;
    private int status = 200;
    private byte[] answer = new byte[0];
    private boolean isSilent;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        }));
        server.createContext("/", this::handle);
        server.start();
        transport = new HttpTransport(options(Duration.ofSeconds(30)), CLIENT, federation.client(CLIENT), time);
    }

    private HttpOptions options(Duration requestTimeout) {
        URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        return new HttpOptions(uri, null, Duration.ofSeconds(5), requestTimeout);
    }

    @AfterEach
    void stop() {
        release.countDown();
        server.stop(0);
    }

    private void handle(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String target = exchange.getRequestURI().toString();
        Optional<RequestSignature> signature =
                RequestSignature.ofHeaders(name -> exchange.getRequestHeaders().getFirst(name));
        Optional<RequestSignature.Refusal> refusal =
                signature.orElseThrow().verify(federation.roster(), time.now(), exchange.getRequestMethod(), target);
        boolean isBodyGood = signature.orElseThrow().bodySha256().equals(Bytes.sha256(body));
        synchronized (requests) {
            requests.add(
                    exchange.getRequestMethod() + " " + target + (refusal.isEmpty() && isBodyGood ? "" : " unsigned"));
            bodies.add(body);
        }
        if (isSilent) {
            await(release);
        }
        exchange.sendResponseHeaders(status, status == 204 ? -1 : answer.length == 0 ? -1 : answer.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(answer);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void task_found_isReadAndTheRequestWasSigned() throws Exception {
        TaskSpec task = federation.privateTask(3);
        answer = task.toJson().getBytes(StandardCharsets.UTF_8);

        assertThat(transport.task("line")).isEqualTo(task);
        assertThat(requests).containsExactly("GET /v1/tasks/line");
    }

    @Test
    void awaitPlan_openAndNotYet_isReadOrEmpty() throws Exception {
        TaskSpec task = federation.task(1);
        SignedPlan plan = SignedPlan.sign(
                RoundPlans.plan(
                        task,
                        federation.roster(),
                        new RoundPlans.Start(4, Bytes.sha256(new byte[0]), 10),
                        new SecureRandom()),
                federation.coordinator());
        answer = WireFormat.encode(plan);

        assertThat(transport.awaitPlan("line", 3, Duration.ofSeconds(7))).contains(plan);
        answer = new byte[0];
        status = 204;
        assertThat(transport.awaitPlan("line", 4, Duration.ofMinutes(9))).isEmpty();
        // a coordinator grants 30 seconds at most
        assertThat(requests)
                .containsExactly("GET /v1/tasks/line/plan?after=3&wait=7", "GET /v1/tasks/line/plan?after=4&wait=30");
    }

    @Test
    void send_message_isPostedWithItsHashSigned() throws Exception {
        status = 202;
        byte[] message = {1, 2, 3};

        transport.send(SESSION, Phase.SHARES, message);

        assertThat(requests).containsExactly("POST /v1/rounds/" + SESSION.hex() + "/shares");
        assertThat(bodies.get(0)).isEqualTo(message);
    }

    @Test
    void sendMasked_vector_isStreamedWholeWithItsHashSigned() throws Exception {
        status = 202;
        int[] coordinates = new SecureRandom().ints(100_000).toArray();
        MaskedVector vector = MaskedVector.of(SESSION, CLIENT, coordinates);

        transport.sendMasked(SESSION, vector);

        assertThat(requests).containsExactly("POST /v1/rounds/" + SESSION.hex() + "/masked");
        assertThat(bodies.get(0)).isEqualTo(vector.newInputStream().readAllBytes());
    }

    @Test
    void await_answer_isDecoded() throws Exception {
        SurvivorList list = new SurvivorList(SESSION, List.of(1L, 2L, 3L));
        answer = WireFormat.encode(list);

        assertThat(transport.await(SESSION, Phase.MASKED, Duration.ofSeconds(3)))
                .contains(list);
        assertThat(requests).containsExactly("GET /v1/rounds/" + SESSION.hex() + "/masked?wait=3");
    }

    @Test
    void await_garbage_isAProtocolViolation() {
        answer = new byte[] {9, 9, 9};

        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> transport.await(SESSION, Phase.KEYS, Duration.ZERO))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(ProtocolException.Reason.MALFORMED));
    }

    @Test
    void task_notJson_isRefused() {
        answer = "{".getBytes(StandardCharsets.UTF_8);

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> transport.task("line"))
                .withMessageStartingWith("the coordinator's task line is not a task: ");
    }

    @ParameterizedTest
    @CsvSource({
        "404, unknown-round, true",
        "409, round-aborted, true",
        "409, round-over, true",
        "409, wrong-phase, true",
        "403, not-in-cohort, true",
        "401, clock-skew, false",
        "403, unknown-client, false",
        "422, message-refused, false",
        "503, store-unavailable, false"
    })
    void send_refused_isATypedException(int code, String type, boolean endsRound) {
        problem(code, "{\"type\": \"https://fedlora.dev/problems/%s\", \"detail\": \"why\"}".formatted(type));

        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(() -> transport.send(SESSION, Phase.KEYS, new byte[1]))
                .satisfies(e -> assertThat(e.status()).isEqualTo(code))
                .satisfies(e -> assertThat(e.type()).isEqualTo(type))
                .satisfies(e -> assertThat(e.detail()).isEqualTo("why"))
                .satisfies(e -> assertThat(e instanceof RoundEndedException).isEqualTo(endsRound))
                .satisfies(e -> assertThat(e.isTransient()).isEqualTo(code == 503));
    }

    @Test
    void awaitPlan_taskFinished_namesTheFinalAdapter() {
        Bytes adapter = Bytes.sha256(new byte[] {3});
        problem(
                410,
                "{\"type\": \"https://fedlora.dev/problems/task-finished\", \"adapter\": \"%s\"}".formatted(adapter));

        assertThatExceptionOfType(TaskFinishedException.class)
                .isThrownBy(() -> transport.awaitPlan("line", 0, Duration.ZERO))
                .satisfies(e -> assertThat(e.adapterHash()).isEqualTo(adapter));
    }

    @Test
    void awaitPlan_taskFinishedWithoutAHash_isAPlainRefusal() {
        problem(410, "{\"type\": \"https://fedlora.dev/problems/task-finished\", \"adapter\": \"x\"}");

        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(() -> transport.awaitPlan("line", 0, Duration.ZERO))
                .isNotInstanceOf(TaskFinishedException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "<html>Bad gateway</html>", "[]", "{\"type\": 7}", "{\"type\": \"https://elsewhere/x\"}"})
    void task_answerOfSomebodyElse_keepsTheStatus(String body) {
        problem(502, body);

        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(() -> transport.task("line"))
                .satisfies(e -> assertThat(e.status()).isEqualTo(502))
                .satisfies(e -> assertThat(e.type()).isEqualTo("about:blank"))
                .satisfies(e -> assertThat(e.isTransient()).isTrue());
    }

    @Test
    void task_detailMeantForTheLog_isCleanedAndCutOff() {
        problem(400, "{\"detail\": \"line one\\nINFO forged line\\u001b[2J %s\"}".formatted("x".repeat(10_000)));

        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(() -> transport.task("line"))
                .satisfies(e -> assertThat(e.detail()).startsWith("line one INFO forged line [2J xxx"))
                .satisfies(e -> assertThat(e.detail()).hasSize(503).endsWith("..."));
    }

    @Test
    void task_answerTooLarge_isCutOffAndNotTriedAgain() {
        answer = new byte[(1 << 20) + 1];

        assertThatExceptionOfType(CoordinatorException.class)
                .isThrownBy(() -> transport.task("line"))
                .withMessageContaining("larger than the 1048576 bytes allowed")
                .satisfies(e -> assertThat(e.isTransient()).isFalse());
    }

    @Test
    void task_noAnswer_timesOut() throws IOException {
        isSilent = true;
        try (HttpTransport impatient =
                new HttpTransport(options(Duration.ofMillis(200)), CLIENT, federation.client(CLIENT), time)) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> impatient.task("line"))
                    .withMessageContaining("no complete answer from");
        }
    }

    @Test
    void await_interrupted_endsAtOnce() {
        isSilent = true;
        Thread.currentThread().interrupt();

        assertThatExceptionOfType(InterruptedException.class)
                .isThrownBy(() -> transport.await(SESSION, Phase.KEYS, Duration.ofSeconds(30)));
    }

    @Test
    void task_nobodyListens_namesTheAddress() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        HttpOptions nobody = HttpOptions.of(URI.create("http://localhost:" + free), null);
        try (HttpTransport alone = new HttpTransport(nobody, CLIENT, federation.client(CLIENT), time)) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> alone.task("line"))
                    .withMessageStartingWith("http://localhost:" + free + ": ");
        }
    }

    @Test
    void task_redirect_isNotFollowed() {
        problem(307, "");

        assertThatExceptionOfType(CoordinatorException.class).isThrownBy(() -> transport.task("line"));
        assertThat(requests).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "http://fed.example.org | plain http is allowed for localhost, 127.x.x.x and [::1] alone",
                "http://localhost.example.org | plain http is allowed for localhost",
                "http://127.0.0.1.example.org | plain http is allowed for localhost",
                "ftp://fed.example.org | must be an https URL",
                "fed.example.org | must be an https URL",
                "https://user@fed.example.org | must have no user, query or fragment",
                "https://fed.example.org/?a=1 | must have no user, query or fragment",
                "https://fed.example.org/v1 | must have no path"
            })
    void options_addressNotAllowed_isRefused(String address, String message) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> HttpOptions.of(URI.create(address), null))
                .withMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://fed.example.org",
                "https://fed.example.org:8443/",
                "http://localhost:1",
                "http://[::1]:1"
            })
    void options_addressAllowed_isTaken(String address) {
        assertThat(HttpOptions.of(URI.create(address), null).coordinator().toString())
                .isEqualTo(address.replaceAll("/$", ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
    void construct_certificateFileWithoutCertificates_isRefusedByName(String content) throws IOException {
        Path pem = Files.writeString(folder.resolve("ca.pem"), content);
        HttpOptions options = HttpOptions.of(URI.create("https://localhost"), pem);

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> new HttpTransport(options, CLIENT, federation.client(CLIENT), time))
                .withMessageStartingWith(pem + ": ");
    }

    private void problem(int code, String document) {
        status = code;
        answer = document.getBytes(StandardCharsets.UTF_8);
    }
}
