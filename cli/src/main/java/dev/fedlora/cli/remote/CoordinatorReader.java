package dev.fedlora.cli.remote;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.client.http.HttpOptions;
import dev.fedlora.client.http.TrustedCertificates;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Asks a coordinator what it tells everybody, without an identity. Thread-safe. */
public final class CoordinatorReader {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** A task that ran ten thousand rounds has about that much history. */
    private static final int MAX_ANSWER_BYTES = 8 << 20;
    /** These answers are small and come at once. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final URI base;
    private final HttpClient http;

    /**
     * Makes a reader; nothing is connected yet.
     *
     * @throws IOException when the certificates of {@code options} cannot be read
     */
    public CoordinatorReader(HttpOptions options) throws IOException {
        this.base = options.coordinator();
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(options.connectTimeout());
        if (options.trustedCertificates() != null) {
            builder.sslContext(TrustedCertificates.context(options.trustedCertificates()));
        }
        this.http = builder.build();
    }

    /**
     * What a coordinator answered.
     *
     * @param status of HTTP
     * @param body JSON
     */
    public record Reply(int status, JsonNode body) {}

    /**
     * Returns the JSON under a path.
     *
     * @param path begins with a slash
     * @throws IOException when there is no coordinator, or it answers with a problem; the message says which
     */
    public JsonNode get(String path) throws IOException, InterruptedException {
        Reply reply = reply(path);
        if (reply.status() != 200) {
            JsonNode detail = reply.body().path("detail");
            throw new IOException("%s answered %d: %s"
                    .formatted(
                            base,
                            reply.status(),
                            detail.isTextual()
                                    ? detail.textValue()
                                    : reply.body().path("title").asText("no reason given")));
        }
        return reply.body();
    }

    /**
     * Returns what is under a path, a problem too.
     *
     * @param path begins with a slash
     * @throws IOException when there is no coordinator, or what answers is none
     */
    public Reply reply(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(PATIENCE)
                .build();
        try {
            HttpResponse<InputStream> answer = http.send(request, BodyHandlers.ofInputStream());
            try (InputStream body = answer.body()) {
                byte[] bytes = body.readNBytes(MAX_ANSWER_BYTES + 1);
                if (bytes.length > MAX_ANSWER_BYTES) {
                    throw new IOException("%s%s: answer longer than %d bytes".formatted(base, path, MAX_ANSWER_BYTES));
                }
                return new Reply(answer.statusCode(), JSON.readTree(bytes));
            }
        } catch (JsonProcessingException e) {
            throw new IOException(base + path + ": the answer is not JSON; is this a coordinator?", e);
        } catch (ConnectException e) {
            throw new IOException("no coordinator answers at " + base, e);
        }
    }
}
