package dev.fedlora.coordinator.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import org.jspecify.annotations.Nullable;

/**
 * One problem document (RFC 9457, {@code application/problem+json}).
 *
 * @param type what went wrong, with its status and title
 * @param detail one sentence that names the thing (client, round, phase, expected and got)
 * @param adapter extension member: hash of the final adapter of a finished task
 * @param serverTime extension member: the server's clock in milliseconds since the epoch, for a client whose clock is
 *     wrong
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({"type", "title", "status", "detail"})
record Problem(
        @JsonProperty("type") ProblemType type,
        @JsonProperty("detail") String detail,
        @JsonProperty("adapter") @Nullable String adapter,
        @JsonProperty("serverTime") @Nullable Long serverTime) {
    static final String MEDIA_TYPE = "application/problem+json";

    static Problem of(ProblemType type, String detail) {
        return new Problem(type, detail, null, null);
    }

    Problem withAdapter(String hash) {
        return new Problem(type, detail, hash, serverTime);
    }

    Problem withServerTime(long millis) {
        return new Problem(type, detail, adapter, millis);
    }

    /** Returns the HTTP status, repeated in the document. */
    @JsonProperty("status")
    int status() {
        return type.status();
    }

    /** Returns the type's title, the same for every problem of the type. */
    @JsonProperty("title")
    String title() {
        return type.title();
    }
}
