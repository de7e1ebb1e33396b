package dev.fedlora.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundResult;
import dev.fedlora.coordinator.config.Limits;
import dev.fedlora.coordinator.testing.Problems;
import dev.fedlora.coordinator.testing.RawRequest;
import dev.fedlora.coordinator.testing.Rounds;
import dev.fedlora.coordinator.testing.Tasks;
import dev.fedlora.coordinator.testing.TestClient;
import dev.fedlora.coordinator.testing.TestCoordinator;
import dev.fedlora.coordinator.testing.TestFederation;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Masked vectors that do not arrive as they should; the exact sum at the end proves that they left no trace. */
class MaskedUploadTest {
    /** Short silence, so that a slow client is found soon; nothing in these tests is silent by accident for as long. */
    private static final Limits LIMITS =
            new Limits(1 << 20, Duration.ofMillis(700), Duration.ofSeconds(75), Duration.ofSeconds(30), 100);

    @TempDir
    Path data;

    private TestCoordinator coordinator;
    private List<TestClient> clients;
    private TestClient odd;
    private MaskedVector vector;

    @BeforeEach
    void runUntilMasked() {
        coordinator = new TestCoordinator(new TestFederation(4), data, LIMITS);
        coordinator.run(Tasks.secure("triage", 1));
        clients = coordinator.clients("triage");
        Rounds.join(clients);
        clients.forEach(TestClient::sendKeys);
        clients.forEach(TestClient::sendShares);
        odd = clients.get(3);
        vector = odd.mask();
    }

    @AfterEach
    void close() {
        coordinator.close();
    }

    private String path() {
        return TestClient.path(odd.sid(), Phase.MASKED);
    }

    private RawRequest signedRaw(byte[] body) throws IOException {
        return new RawRequest(coordinator.uri(), path(), odd.sign("POST", path(), body, Instant.now()), body.length);
    }

    /** The others send theirs, the deadline passes if {@code odd} is lost; the sum must be that of the survivors. */
    private void assertSumWithout(boolean isLost) {
        List<TestClient> rest = clients.subList(0, 3);
        rest.forEach(TestClient::sendMasked);
        if (isLost) {
            coordinator.passDeadline();
        }
        List<TestClient> survivors = isLost ? rest : clients;
        survivors.forEach(TestClient::sendSurvivors);
        survivors.forEach(TestClient::sendUnmask);
        RoundResult result = clients.get(0).result();
        assertThat(result.survivors())
                .isEqualTo(survivors.stream().map(TestClient::id).toList());
        HttpResponse<byte[]> adapter =
                clients.get(0).get("/v1/adapters/" + result.newAdapterHash().hex());
        assertThat(AdapterBytes.decode(adapter.body()).parameters())
                .containsExactly(RoundOverHttpTest.average(survivors));
    }

    @Test
    void upload_connectionLostHalfWay_sumIsThatOfTheOthers() throws IOException {
        byte[] body = TestClient.bytes(vector);
        try (RawRequest request = signedRaw(body)) {
            request.send(body, 0, body.length / 2);
        }
        assertSumWithout(true);
    }

    @Test
    void upload_connectionLostHalfWayThenSentAgain_countsOnce() throws IOException {
        byte[] body = TestClient.bytes(vector);
        try (RawRequest request = signedRaw(body)) {
            request.send(body, 0, body.length - 3);
        }
        assertThat(odd.post(vector).statusCode()).isEqualTo(202);
        assertThat(odd.post(vector).statusCode()).as("sent again").isEqualTo(202);
        assertSumWithout(false);
    }

    @Test
    void upload_inSmallPieces_countsAsOne() throws IOException {
        byte[] body = TestClient.bytes(vector);
        try (RawRequest request = signedRaw(body)) {
            for (int i = 0; i < body.length; i += 7) {
                request.send(body, i, Math.min(7, body.length - i));
            }
            assertThat(request.answer().statusCode()).isEqualTo(202);
        }
        assertSumWithout(false);
    }

    @Test
    void upload_clientFallsSilent_408AndSumIsThatOfTheOthers() throws IOException {
        byte[] body = TestClient.bytes(vector);
        try (RawRequest request = signedRaw(body)) {
            request.send(body, 0, body.length / 2);
            RawRequest.Answer answer = request.answer();
            assertThat(answer.problem().type()).endsWith("/body-timeout");
            assertThat(answer.statusCode()).isEqualTo(408);
            assertThat(answer.problem().detail()).contains("700 ms", body.length / 2 + " bytes");
        }
        assertSumWithout(true);
    }

    @Test
    void upload_announcedLengthIsWrong_422NamesBoth() {
        byte[] body = Arrays.copyOf(TestClient.bytes(vector), 48 + 4 * 22);
        Problems.Document problem = Problems.of(odd.post(path(), body));
        assertThat(problem.status()).isEqualTo(422);
        assertThat(problem.type()).endsWith("/wrong-length");
        assertThat(problem.detail()).contains("client 40", "round 1 of task triage", "23 coordinates", "140", "136");
        assertThat(odd.post(vector).statusCode()).isEqualTo(202);
        assertSumWithout(false);
    }

    @Test
    void upload_longerThanAnnouncedDimension_422() throws IOException {
        byte[] body = Arrays.copyOf(TestClient.bytes(vector), 48 + 4 * 24);
        try (RawRequest request = new RawRequest(
                coordinator.uri(), path(), odd.sign("POST", path(), body, Instant.now()), RawRequest.CHUNKED)) {
            request.sendChunk(body);
            request.endChunks();
            assertThat(request.answer().statusCode()).isIn(413, 422);
        }
        assertSumWithout(true);
    }

    @Test
    void upload_headerOfAnotherClient_403() {
        MaskedVector other = MaskedVector.of(odd.sid(), 10, new int[23]);
        Problems.Document problem = Problems.of(odd.post(path(), TestClient.bytes(other)));
        assertThat(problem.status()).isEqualTo(403);
        assertSumWithout(true);
    }

    @Test
    void upload_bodyIsNotTheSignedOne_400AndNothingIsAdded() {
        byte[] signed = TestClient.bytes(vector);
        byte[] changed = signed.clone();
        changed[100] ^= 1;
        HttpResponse<byte[]> answer = odd.send(
                "POST",
                path(),
                changed,
                odd.sign("POST", path(), signed, Instant.now()).headers());
        assertThat(Problems.of(answer).type()).endsWith("/body-hash-mismatch");
        assertThat(odd.post(vector).statusCode()).isEqualTo(202);
        assertSumWithout(false);
    }

    @Test
    void upload_anotherVectorAfterTheFirst_409() {
        assertThat(odd.post(vector).statusCode()).isEqualTo(202);
        Problems.Document problem = Problems.of(odd.post(MaskedVector.of(odd.sid(), odd.id(), new int[23])));
        assertThat(problem.status()).isEqualTo(409);
        assertThat(problem.type()).endsWith("/duplicate-message");
        assertSumWithout(false);
    }

    @Test
    void upload_afterTheDeadline_409AndNeverAdded() {
        clients.subList(0, 3).forEach(TestClient::sendMasked);
        coordinator.passDeadline();
        clients.subList(0, 3).forEach(TestClient::sendSurvivors);
        Problems.Document problem = Problems.of(odd.post(vector));
        assertThat(problem.status()).isEqualTo(409);
        assertThat(problem.type()).endsWith("/wrong-phase");
        clients.subList(0, 3).forEach(TestClient::sendUnmask);
        assertThat(clients.get(0).result().survivors()).containsExactly(10L, 20L, 30L);
    }

    @Test
    void upload_clientWaitsForPermission_isTold() throws IOException {
        byte[] body = TestClient.bytes(vector);
        try (RawRequest request = new RawRequest(
                coordinator.uri(),
                path(),
                odd.sign("POST", path(), body, Instant.now()),
                body.length,
                "Expect: 100-continue")) {
            assertThat(request.statusLine()).contains("100");
            request.send(body, 0, body.length);
            assertThat(request.answer().statusCode()).isEqualTo(202);
        }
        assertSumWithout(false);
    }
}
