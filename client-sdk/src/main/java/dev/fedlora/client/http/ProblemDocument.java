package dev.fedlora.client.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.client.transport.PeerText;
import dev.fedlora.client.transport.RoundEndedException;
import dev.fedlora.client.transport.TaskFinishedException;
import java.io.IOException;
import java.util.Set;

/** Turns a problem document into the exception that stands for it. */
final class ProblemDocument {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BASE = "https://fedlora.dev/problems/";

    private static final Set<String> ROUND_OVER =
            Set.of("unknown-round", "round-aborted", "round-over", "wrong-phase", "not-in-cohort");

    private ProblemDocument() {}

    /** Returns the exception for an answer of this status and body, which may be no problem document at all. */
    static CoordinatorException exception(int status, byte[] body) {
        JsonNode document = parse(body);
        String type = PeerText.clean(document.path("type").asText("about:blank"));
        String name = type.startsWith(BASE) ? type.substring(BASE.length()) : "about:blank";
        String detail = PeerText.clean(
                document.path("detail").asText(document.path("title").asText("no detail given")));
        if (name.equals("task-finished")) {
            String adapter = document.path("adapter").asText("");
            if (adapter.matches("[0-9a-f]{64}")) {
                return new TaskFinishedException(detail, Bytes.ofHex(adapter));
            }
        }
        return ROUND_OVER.contains(name)
                ? new RoundEndedException(status, name, detail)
                : new CoordinatorException(status, name, detail);
    }

    private static JsonNode parse(byte[] body) {
        try {
            JsonNode document = JSON.readTree(body);
            return document == null ? JSON.missingNode() : document;
        } catch (IOException e) {
            return JSON.missingNode(); // from a proxy between us and the coordinator, for example
        }
    }
}
