package dev.fedlora.client.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RequestSignature;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.client.transport.CoordinatorTransport;
import dev.fedlora.client.transport.WaitingTime;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The coordinator's interface under {@code /v1}, each request signed with the client's identity key. One attempt a call:
 * repeating is {@link dev.fedlora.client.transport.Retry}'s, and safe for every call, because messages carry their
 * session and an identical repeat has no effect.
 *
 * <p>Proxies are those of Java's system properties ({@code https.proxyHost}).
 */
public final class HttpTransport implements CoordinatorTransport {
    /** Longest wait that a coordinator grants to a request. */
    public static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    // a megabyte of labels and names is no task
    private static final int MAX_TASK_BYTES = 1 << 20;
    private static final int MAX_PROBLEM_BYTES = 1 << 16;
    // four bytes a parameter and as many parameters as a plan may have coordinates
    private static final int MAX_ADAPTER_BYTES = 1 << 30;

    private final HttpOptions options;
    private final IdentityKeys identity;
    private final long clientId;
    private final WaitingTime time;
    private final HttpClient http;

    /**
     * Makes the transport of one client; nothing is connected yet.
     *
     * @param identity the keys behind the roster's entry of this client; stays the caller's
     * @throws IOException when the certificates of {@code options} cannot be read
     */
    public HttpTransport(HttpOptions options, long clientId, IdentityKeys identity, WaitingTime time)
            throws IOException {
        this.options = options;
        this.clientId = clientId;
        this.identity = identity;
        this.time = time;
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(options.connectTimeout());
        if (options.trustedCertificates() != null) {
            builder.sslContext(TrustedCertificates.context(options.trustedCertificates()));
        }
        this.http = builder.build();
    }

    @Override
    public TaskSpec task(String task) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = get("/v1/tasks/" + segment(task), MAX_TASK_BYTES, Duration.ZERO);
        try {
            return TaskSpec.ofJson(new String(answer.body(), StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IOException("the coordinator's task " + task + " is not a task: " + e.getOriginalMessage(), e);
        }
    }

    @Override
    public Optional<SignedPlan> awaitPlan(String task, long afterRound, Duration wait)
            throws IOException, InterruptedException {
        Duration granted = shorter(wait);
        String path = "/v1/tasks/%s/plan?after=%d&wait=%d".formatted(segment(task), afterRound, granted.toSeconds());
        HttpResponse<byte[]> answer = get(path, WireFormat.MAX_MESSAGE_BYTES, granted);
        return answer.statusCode() == 204 ? Optional.empty() : Optional.of(WireFormat.decodePlan(answer.body()));
    }

    @Override
    public byte[] adapter(Bytes hash) throws IOException, InterruptedException {
        return get("/v1/adapters/" + hash.hex(), MAX_ADAPTER_BYTES, Duration.ZERO)
                .body();
    }

    @Override
    public void send(SessionId session, Phase phase, byte[] message) throws IOException, InterruptedException {
        post(path(session, phase), BodyPublishers.ofByteArray(message), Bytes.sha256(message));
    }

    @Override
    public void sendMasked(SessionId session, MaskedVector vector) throws IOException, InterruptedException {
        BodyPublisher body =
                BodyPublishers.fromPublisher(BodyPublishers.ofInputStream(vector::newInputStream), vector.byteCount());
        post(path(session, Phase.MASKED), body, vector.sha256());
    }

    @Override
    public Optional<ServerMessage> await(SessionId session, Phase phase, Duration wait)
            throws IOException, InterruptedException {
        Duration granted = shorter(wait);
        String path = path(session, phase) + "?wait=" + granted.toSeconds();
        HttpResponse<byte[]> answer = get(path, WireFormat.MAX_MESSAGE_BYTES, granted);
        return answer.statusCode() == 204 ? Optional.empty() : Optional.of(WireFormat.decodeServer(answer.body()));
    }

    private HttpResponse<byte[]> get(String pathWithQuery, int limit, Duration wait)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                signed("GET", pathWithQuery, RequestSignature.NO_BODY).GET();
        return exchange(request, limit, wait);
    }

    private void post(String path, BodyPublisher body, Bytes hash) throws IOException, InterruptedException {
        HttpRequest.Builder request = signed("POST", path, hash)
                .header("Content-Type", "application/octet-stream")
                .POST(body);
        exchange(request, MAX_PROBLEM_BYTES, Duration.ZERO);
    }

    private HttpRequest.Builder signed(String method, String pathWithQuery, Bytes hash) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(options.coordinator() + pathWithQuery));
        RequestSignature signature = RequestSignature.sign(
                identity, clientId, time.now(), new RequestSignature.Request(method, pathWithQuery, hash));
        signature.headers().forEach(request::header);
        return request;
    }

    private HttpResponse<byte[]> exchange(HttpRequest.Builder request, int limit, Duration wait)
            throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<byte[]>> pending =
                http.sendAsync(request.build(), LimitedBody.ofAtMost(Math.max(limit, MAX_PROBLEM_BYTES)));
        HttpResponse<byte[]> answer =
                completed(pending, options.requestTimeout().plus(wait));
        int status = answer.statusCode();
        if (status == 200 || status == 202 || status == 204) {
            return answer;
        }
        throw ProblemDocument.exception(status, answer.body());
    }

    // the client's own timeout ends with the answer's first byte; this one covers the last too
    private HttpResponse<byte[]> completed(CompletableFuture<HttpResponse<byte[]>> pending, Duration limit)
            throws IOException, InterruptedException {
        try {
            return pending.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            pending.cancel(true);
            throw new HttpTimeoutException("no complete answer from " + options.coordinator() + " within " + limit);
        } catch (InterruptedException e) {
            pending.cancel(true);
            throw e;
        } catch (ExecutionException e) {
            throw ioException(e.getCause() == null ? e : e.getCause());
        }
    }

    private IOException ioException(Throwable failure) {
        if (failure instanceof LimitedBody.OversizedAnswerException) {
            return new CoordinatorException(200, "oversized-answer", String.valueOf(failure.getMessage()));
        }
        // the exceptions of connections often have no message of their own
        String why = failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        return new IOException(options.coordinator() + ": " + why, failure);
    }

    private static Duration shorter(Duration wait) {
        return wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
    }

    private static String path(SessionId session, Phase phase) {
        return "/v1/rounds/" + session.hex() + "/" + phase.path();
    }

    private static String segment(String task) {
        if (!task.matches("[A-Za-z0-9._-]+")) {
            throw new IllegalArgumentException(
                    "a task's name has letters, digits, '.', '_' and '-' only, got '" + task + "'");
        }
        return task;
    }
}
