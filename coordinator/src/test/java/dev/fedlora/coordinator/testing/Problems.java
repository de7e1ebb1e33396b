package dev.fedlora.coordinator.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads problem documents as a client that knows RFC 9457 alone. */
public final class Problems {
    private Problems() {}

    /**
     * One document.
     *
     * @param type absolute URI
     * @param status repeated from the answer
     * @param title of the type
     * @param detail one sentence
     * @param adapter extension member, or null
     * @param serverTime extension member, or 0
     */
    public record Document(
            String type,
            int status,
            String title,
            String detail,
            @Nullable String adapter,
            long serverTime) {}

    /** Reads an answer that must be a problem; what every problem must be is checked here. */
    public static Document of(HttpResponse<byte[]> answer) {
        if (!answer.headers().allValues("content-type").equals(List.of("application/problem+json"))) {
            throw new AssertionError("not a problem: status " + answer.statusCode() + ", "
                    + answer.headers().map());
        }
        return of(answer.statusCode(), answer.body());
    }

    static Document of(int status, byte[] body) {
        try {
            JsonNode json = new ObjectMapper().readTree(body);
            Document document = new Document(
                    json.get("type").textValue(),
                    json.get("status").intValue(),
                    json.get("title").textValue(),
                    json.get("detail").textValue(),
                    json.path("adapter").textValue(),
                    json.path("serverTime").asLong());
            if (document.status() != status || !document.type().startsWith("https://fedlora.dev/problems/")) {
                throw new AssertionError("status " + status + " with " + document);
            }
            return document;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
