package dev.fedlora.coordinator.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/** Writes answers. Each is written once; what comes after, or after the client went away, is dropped. */
final class Answers {
    static final String BINARY = "application/octet-stream";
    private static final String JSON = "application/json";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Answers() {}

    static void json(RoutingContext context, int status, Object value) {
        send(context, status, JSON, toBuffer(value));
    }

    static void jsonText(RoutingContext context, String json) {
        send(context, 200, JSON, Buffer.buffer(json));
    }

    static void binary(RoutingContext context, byte[] bytes) {
        send(context, 200, BINARY, Buffer.buffer(bytes));
    }

    static void empty(RoutingContext context, int status) {
        if (isOpen(context.response())) {
            context.response().setStatusCode(status).end();
        }
    }

    static void problem(RoutingContext context, Problem problem) {
        send(context, problem.status(), Problem.MEDIA_TYPE, toBuffer(problem));
    }

    private static void send(RoutingContext context, int status, String mediaType, Buffer body) {
        HttpServerResponse response = context.response();
        if (isOpen(response)) {
            response.setStatusCode(status)
                    .putHeader(HttpHeaders.CONTENT_TYPE, mediaType)
                    .end(body);
        }
    }

    private static boolean isOpen(HttpServerResponse response) {
        return !response.ended() && !response.closed();
    }

    static Buffer toBuffer(Object value) {
        try {
            return Buffer.buffer(MAPPER.writeValueAsBytes(value));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record of plain values has JSON", e);
        }
    }
}
