package dev.fedlora.coordinator.testing;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.encoding.UpdateEncoder;
import dev.fedlora.aggregation.secagg.CheckedPlan;
import dev.fedlora.aggregation.secagg.ClientPolicy;
import dev.fedlora.aggregation.secagg.ClientSession;
import dev.fedlora.aggregation.secagg.PlanChecks;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.KeyRoster;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RequestSignature;
import dev.fedlora.aggregation.wire.RoundResult;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.ShareDelivery;
import dev.fedlora.aggregation.wire.SignatureList;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.privacy.sampler.SecureBits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A client that speaks the protocol over real HTTP, one step at a time. Its update is made of its id. */
public final class TestClient {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final SecureRandom RANDOM = new SecureRandom();

    private final TestCoordinator coordinator;
    private final long id;
    private final TaskSpec task;
    private @Nullable ClientSession session;
    private @Nullable CheckedPlan plan;
    private int @Nullable [] ringVector;
    private long lastRound;

    TestClient(TestCoordinator coordinator, long id, TaskSpec task) {
        this.coordinator = coordinator;
        this.id = id;
        this.task = task;
    }

    /** Its id. */
    public long id() {
        return id;
    }

    /** The session id of the round it joined. */
    public SessionId sid() {
        return Objects.requireNonNull(plan).session();
    }

    /** The plan of the round it joined. */
    public CheckedPlan plan() {
        return Objects.requireNonNull(plan);
    }

    /** The ring vector of its update, before masking. */
    public int[] ringVector() {
        return Objects.requireNonNull(ringVector);
    }

    /** Its update: every parameter a thousandth of its id, with the sign of the parity of the index. */
    public float[] update() {
        float[] update = new float[Adapters.PARAMETERS];
        for (int i = 0; i < update.length; i++) {
            update[i] = (i % 2 == 0 ? id : -id) / 1000f;
        }
        return update;
    }

    /** Gets the next plan, checks it, makes the update; nothing is sent. */
    public TestClient join() {
        HttpResponse<byte[]> answer = get("/v1/tasks/" + task.task() + "/plan?after=" + lastRound + "&wait=30");
        requireStatus(200, answer);
        SignedPlan signed = WireFormat.decodePlan(answer.body());
        ClientPolicy policy = new ClientPolicy(3, 1, 0, task.aggregation().protocol());
        plan = PlanChecks.check(
                signed,
                new PlanChecks.Known(
                        coordinator.publicKey(), coordinator.federation().roster(), task, lastRound, policy));
        lastRound = signed.plan().round();
        session = new ClientSession(plan, id, identity(), RANDOM);
        ringVector = UpdateEncoder.of(signed.plan()).encode(update(), 1.0, new SecureBits());
        return this;
    }

    private IdentityKeys identity() {
        return coordinator.federation().identity(id);
    }

    /** The session of the round it joined. */
    public ClientSession session() {
        return Objects.requireNonNull(session);
    }

    /** Sends its keys. */
    public void sendKeys() {
        requireStatus(202, post(session().advertise()));
    }

    /** Reads everybody's keys and sends its shares. */
    public void sendShares() {
        requireStatus(202, post(session().share(await(Phase.KEYS, KeyRoster.class))));
    }

    /** Reads its shares and masks its vector. */
    public MaskedVector mask() {
        return session().mask(await(Phase.SHARES, ShareDelivery.class), ringVector());
    }

    /** Reads its shares and sends its masked vector. */
    public void sendMasked() {
        requireStatus(202, post(mask()));
    }

    /** Sends its vector in the clear. */
    public void sendPlain() {
        requireStatus(202, post(session().plain(ringVector())));
    }

    /** Reads the survivors and signs them. */
    public void sendSurvivors() {
        requireStatus(202, post(session().confirm(await(Phase.MASKED, SurvivorList.class))));
    }

    /** Reads the signatures and sends the shares that unmask the sum. */
    public void sendUnmask() {
        requireStatus(202, post(session().unmask(await(Phase.SURVIVORS, SignatureList.class))));
    }

    /** Waits for the end of the round and checks that the coordinator signed it. */
    public RoundResult result() {
        RoundResult result =
                await(plan().plan().phases().get(plan().plan().phases().size() - 1), RoundResult.class);
        if (!result.isSignedBy(coordinator.publicKey())) {
            throw new AssertionError("the result is not signed by the coordinator");
        }
        return result;
    }

    private <T extends ServerMessage> T await(Phase phase, Class<T> type) {
        HttpResponse<byte[]> answer = answer(phase, 30);
        requireStatus(200, answer);
        return type.cast(WireFormat.decodeServer(answer.body()));
    }

    /** Asks for the answer to a phase. */
    public HttpResponse<byte[]> answer(Phase phase, int waitSeconds) {
        return get(path(sid(), phase) + "?wait=" + waitSeconds);
    }

    /** Sends a message where it belongs. */
    public HttpResponse<byte[]> post(ClientMessage message) {
        return post(path(message.session(), message.phase()), WireFormat.encode(message));
    }

    /** Sends a vector where it belongs. */
    public HttpResponse<byte[]> post(MaskedVector vector) {
        return post(path(vector.header().session(), Phase.MASKED), bytes(vector));
    }

    /** The body of a vector. */
    public static byte[] bytes(MaskedVector vector) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            vector.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** The path of a phase. */
    public static String path(SessionId sid, Phase phase) {
        return "/v1/rounds/" + sid.hex() + "/" + phase.path();
    }

    /** Sends a signed body. */
    public HttpResponse<byte[]> post(String path, byte[] body) {
        return send("POST", path, body, sign("POST", path, body, Instant.now()).headers());
    }

    /** Sends a signed request without a body. */
    public HttpResponse<byte[]> get(String path) {
        return send(
                "GET", path, null, sign("GET", path, new byte[0], Instant.now()).headers());
    }

    /** Signs a request of this client. */
    public RequestSignature sign(String method, String path, byte[] body, Instant time) {
        return RequestSignature.sign(
                identity(), id, time, new RequestSignature.Request(method, path, Bytes.sha256(body)));
    }

    /** Sends a request with these headers; a body is sent as binary unless they say otherwise. */
    public HttpResponse<byte[]> send(String method, String path, byte @Nullable [] body, Map<String, String> headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(coordinator.uri() + path));
        headers.forEach(request::header);
        if (body != null && !headers.containsKey("Content-Type")) {
            request.header("Content-Type", "application/octet-stream");
        }
        request.method(
                method,
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body));
        try {
            return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static void requireStatus(int wanted, HttpResponse<byte[]> answer) {
        if (answer.statusCode() != wanted) {
            throw new AssertionError("%s: status %d, wanted %d: %s"
                    .formatted(
                            answer.request().uri(),
                            answer.statusCode(),
                            wanted,
                            new String(answer.body(), java.nio.charset.StandardCharsets.UTF_8)));
        }
    }
}
