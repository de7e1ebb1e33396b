package dev.fedlora.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.KeyAdvertisement;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RequestSignature;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.coordinator.config.Limits;
import dev.fedlora.coordinator.testing.Problems;
import dev.fedlora.coordinator.testing.Rounds;
import dev.fedlora.coordinator.testing.Tasks;
import dev.fedlora.coordinator.testing.TestClient;
import dev.fedlora.coordinator.testing.TestCoordinator;
import dev.fedlora.coordinator.testing.TestFederation;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is refused, and that the round goes on as if it had not been sent. */
class HttpRefusalsTest {
    @TempDir
    Path data;

    private TestCoordinator coordinator;
    private List<TestClient> clients;
    private TestClient first;
    private boolean isSpoilt;

    @BeforeEach
    void open() {
        coordinator = new TestCoordinator(new TestFederation(3), data, Limits.DEFAULT);
        coordinator.run(Tasks.secure("triage", 2));
        clients = coordinator.clients("triage");
        first = clients.get(0);
        Rounds.join(clients);
    }

    /** Whatever was refused, a round in which nobody has spoken comes to its end with everyone in it. */
    @AfterEach
    void finishAndClose() {
        boolean isUntouched = clients.stream()
                .noneMatch(client ->
                        client.session().isClosed() || client.session().lastSent() != null);
        if (isUntouched && !isSpoilt) {
            Rounds.run(clients);
            assertThat(first.result().survivors()).containsExactly(10L, 20L, 30L);
        }
        coordinator.close();
    }

    private static void assertProblem(HttpResponse<byte[]> answer, int status, String name, String... details) {
        Problems.Document problem = Problems.of(answer);
        assertThat(problem.status()).isEqualTo(status);
        assertThat(problem.type()).isEqualTo("https://fedlora.dev/problems/" + name);
        for (String detail : details) {
            assertThat(problem.detail()).contains(detail);
        }
        assertThat(problem.detail()).doesNotContain("Exception", "dev.fedlora", "\tat ");
    }

    private String keysPath() {
        return TestClient.path(first.sid(), Phase.KEYS);
    }

    private static HttpResponse<byte[]> sendSigned(TestClient client, String path, byte[] body, RequestSignature by) {
        return client.send("POST", path, body, by.headers());
    }

    @Test
    void post_withoutSignature_401() {
        assertProblem(
                first.send("POST", keysPath(), new byte[] {1}, Map.of()),
                401,
                "signature-missing",
                "Fedlora-Client",
                "Fedlora-Signature");
        assertProblem(first.send("GET", keysPath(), null, Map.of()), 401, "signature-missing");
        assertProblem(first.send("GET", "/v1/adapters/" + "0".repeat(64), null, Map.of()), 401, "signature-missing");
    }

    @Test
    void post_signatureOfAnotherKey_401() {
        byte[] body = {1, 2, 3};
        RequestSignature forged = RequestSignature.sign(
                IdentityKeys.generate(new SecureRandom()),
                first.id(),
                Instant.now(),
                new RequestSignature.Request("POST", keysPath(), Bytes.sha256(body)));
        assertProblem(sendSigned(first, keysPath(), body, forged), 401, "signature-invalid", "client 10");
    }

    @Test
    void post_signatureOfAnotherPath_401() {
        byte[] body = {1, 2, 3};
        RequestSignature other = first.sign("POST", keysPath() + "?x=1", body, Instant.now());
        assertProblem(sendSigned(first, keysPath(), body, other), 401, "signature-invalid");
    }

    @Test
    void post_bodyIsNotTheSignedOne_400() {
        RequestSignature signature = first.sign("POST", keysPath(), new byte[] {1}, Instant.now());
        assertProblem(
                sendSigned(first, keysPath(), new byte[] {2}, signature),
                400,
                "body-hash-mismatch",
                "client 10",
                Bytes.sha256(new byte[] {1}).hex(),
                Bytes.sha256(new byte[] {2}).hex());
    }

    @Test
    void post_clientNotOnTheRoster_403() {
        byte[] body = {1};
        RequestSignature stranger = RequestSignature.sign(
                IdentityKeys.generate(new SecureRandom()),
                99,
                Instant.now(),
                new RequestSignature.Request("POST", keysPath(), Bytes.sha256(body)));
        assertProblem(sendSigned(first, keysPath(), body, stranger), 403, "unknown-client", "client 99");
    }

    @Test
    void post_clientsClockWrong_401NamesTheServersTime() {
        byte[] body = {1};
        Instant yesterday = Instant.now().minus(Duration.ofDays(1));
        HttpResponse<byte[]> answer =
                sendSigned(first, keysPath(), body, first.sign("POST", keysPath(), body, yesterday));
        assertProblem(answer, 401, "clock-skew", "client 10", "PT5M");
        long serverTime = Problems.of(answer).serverTime();
        assertThat(Instant.ofEpochMilli(serverTime)).isAfter(yesterday.plus(Duration.ofHours(23)));
        assertThat(Problems.of(answer).detail())
                .contains(Instant.ofEpochMilli(serverTime).toString());
    }

    @Test
    void post_identicalMessageAgain_acceptedWithoutEffect() {
        KeyAdvertisement keys = first.session().advertise();
        assertThat(first.post(keys).statusCode()).isEqualTo(202);
        assertThat(first.post(keys).statusCode()).isEqualTo(202);
        clients.subList(1, 3).forEach(TestClient::sendKeys);
        clients.forEach(TestClient::sendShares);
        assertThat(first.post(keys).statusCode()).as("after its phase").isEqualTo(202);
        clients.forEach(TestClient::sendMasked);
        clients.forEach(TestClient::sendSurvivors);
        clients.forEach(TestClient::sendUnmask);
        assertThat(first.result().survivors()).hasSize(3);
    }

    @Test
    void post_differentMessageInPlaceOfTheFirst_409() {
        isSpoilt = true; // nobody has the private half of these keys
        KeyAdvertisement one = advertisement(3);
        KeyAdvertisement two = advertisement(4);
        assertThat(first.post(one).statusCode()).isEqualTo(202);
        assertProblem(first.post(two), 409, "duplicate-message", "client 10", "keys");
    }

    /** Well-formed keys that were made up. */
    private KeyAdvertisement advertisement(int seed) {
        byte[] maskKey = new byte[32];
        maskKey[0] = (byte) (seed * 2 + 9);
        byte[] shareKey = new byte[32];
        shareKey[0] = (byte) (seed * 2 + 10);
        return KeyAdvertisement.sign(
                first.sid(),
                first.id(),
                new KeyAdvertisement.Keys(Bytes.of(maskKey), Bytes.of(shareKey), Bytes.of(new byte[32])),
                identity());
    }

    private IdentityKeys identity() {
        return coordinator.identity(first.id());
    }

    @Test
    void post_messageOfAnOldRound_refused() {
        KeyAdvertisement old = first.session().advertise();
        first.post(old);
        clients.subList(1, 3).forEach(TestClient::sendKeys);
        clients.forEach(TestClient::sendShares);
        clients.forEach(TestClient::sendMasked);
        clients.forEach(TestClient::sendSurvivors);
        clients.forEach(TestClient::sendUnmask);
        first.result();
        assertProblem(first.post(old), 409, "round-over", "round 1 of task triage");
        assertThat(first.result().survivors()).as("still told").hasSize(3);
        assertProblem(first.answer(Phase.KEYS, 0), 409, "round-over");
    }

    @Test
    void post_unknownRound_404() {
        SessionId nobodys = new SessionId(Bytes.sha256(new byte[] {1}));
        String path = TestClient.path(nobodys, Phase.KEYS);
        assertProblem(first.post(path, new byte[] {1}), 404, "unknown-round", nobodys.hex());
        assertProblem(first.get(path), 404, "unknown-round", nobodys.hex());
        assertProblem(first.post(TestClient.path(nobodys, Phase.MASKED), new byte[] {1}), 404, "unknown-round");
    }

    @Test
    void post_messageOfAnotherClient_422() {
        byte[] body = WireFormat.encode(clients.get(1).session().advertise());
        assertProblem(first.post(keysPath(), body), 422, "message-refused", "client 10", "client 20");
        assertThat(clients.get(1).post(keysPath(), body).statusCode()).isEqualTo(202);
    }

    @Test
    void post_laterPhase_409() {
        KeyAdvertisement keys = first.session().advertise();
        assertProblem(
                first.post(TestClient.path(first.sid(), Phase.UNMASK), WireFormat.encode(keys)),
                422,
                "message-refused",
                "keys",
                "unmask");
        assertProblem(
                first.post(TestClient.path(first.sid(), Phase.MASKED), new byte[48 + 4 * 23]),
                409,
                "wrong-phase",
                "client 10",
                "masked",
                "keys");
    }

    @Test
    void post_bytesThatAreNoMessage_400() {
        assertProblem(first.post(keysPath(), new byte[] {1, 2, 3}), 400, "malformed-message");
        assertProblem(first.post(keysPath(), new byte[0]), 400, "malformed-message");
    }

    @Test
    void post_tooLargeBody_413() {
        byte[] body = new byte[Limits.DEFAULT.maxBodyBytes() + 1];
        assertProblem(first.post(keysPath(), body), 413, "body-too-large", "1048576", "1048577");
    }

    @Test
    void post_otherMediaType_415() {
        byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
        Map<String, String> headers = new HashMap<>(
                first.sign("POST", keysPath(), body, Instant.now()).headers());
        headers.put("Content-Type", "application/json");
        assertProblem(
                first.send("POST", keysPath(), body, headers),
                415,
                "unsupported-media-type",
                "application/octet-stream",
                "application/json");
    }

    @Test
    void request_wrongMethodOrPath_405And404() {
        assertProblem(first.send("DELETE", keysPath(), null, Map.of()), 405, "method-not-allowed", "DELETE");
        assertProblem(first.send("POST", "/v1/tasks", new byte[] {1}, Map.of()), 405, "method-not-allowed", "POST");
        assertProblem(first.get("/v2/tasks"), 404, "unknown-path", "/v2/tasks");
        assertProblem(first.get("/v1/rounds/" + first.sid().hex() + "/party"), 404, "unknown-path", "party");
    }

    @Test
    void get_unknownTaskOrAdapter_404() {
        assertProblem(first.get("/v1/tasks/nothing"), 404, "unknown-task", "nothing");
        assertProblem(first.get("/v1/tasks/nothing/plan"), 404, "unknown-task", "nothing");
        assertProblem(first.get("/v1/tasks/nothing/status"), 404, "unknown-task", "nothing");
        assertProblem(first.get("/v1/adapters/" + "0".repeat(64)), 404, "unknown-adapter", "0".repeat(64));
    }

    @Test
    void get_parametersOutOfRange_400() {
        assertProblem(first.get("/v1/tasks/triage/plan?after=-1"), 400, "invalid-parameter", "after", "-1");
        assertProblem(first.get("/v1/tasks/triage/plan?after=x"), 400, "invalid-parameter", "after", "x");
        assertProblem(first.get("/v1/tasks/triage/plan?wait=31"), 400, "invalid-parameter", "wait", "30", "31");
        assertProblem(first.get("/v1/adapters/xyz"), 400, "invalid-parameter", "64 hex digits", "xyz");
        assertProblem(first.get("/v1/rounds/xyz/keys"), 400, "invalid-parameter", "xyz");
    }

    @Test
    void get_targetThatCannotBeDecoded_400() throws IOException {
        for (String target :
                List.of("/v1/tasks/triage/plan?wait=%zz", "/v1/tasks/triage/plan?wait=%4", "/v1/tasks/%zz")) {
            assertThat(statusLine(target)).as(target).startsWith("HTTP/1.1 400");
        }
    }

    /** Sends what a proper client refuses to send. */
    private String statusLine(String target) throws IOException {
        try (Socket socket =
                new Socket(coordinator.uri().getHost(), coordinator.uri().getPort())) {
            String head = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return answer.lines().findFirst().orElse("");
        }
    }

    @Test
    void get_answerOfAnOpenPhase_204AfterTheWait() {
        assertThat(first.answer(Phase.KEYS, 0).statusCode()).isEqualTo(204);
        assertThat(first.answer(Phase.KEYS, 1).statusCode()).isEqualTo(204);
        assertThat(first.get("/v1/tasks/triage/plan?after=1&wait=0").statusCode())
                .isEqualTo(204);
    }

    @Test
    void get_tasksWithoutSignature_readable() {
        for (String path : List.of("/v1/tasks", "/v1/tasks/triage", "/v1/tasks/triage/status", "/healthz", "/readyz")) {
            assertThat(first.send("GET", path, null, Map.of()).statusCode())
                    .as(path)
                    .isEqualTo(200);
        }
        assertThat(new String(first.get("/v1/tasks/triage").body(), StandardCharsets.UTF_8))
                .isEqualTo(Tasks.secure("triage", 2).toJson());
        assertThat(new String(first.get("/v1/tasks/triage/status").body(), StandardCharsets.UTF_8))
                .contains("\"state\":\"running\"", "\"round\":1", "\"phase\":\"keys\"");
    }
}
