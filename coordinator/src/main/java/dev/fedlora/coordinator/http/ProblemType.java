package dev.fedlora.coordinator.http;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** The problems that this interface reports; name and status of each are part of the interface and never change. */
enum ProblemType {
    UNKNOWN_PATH(404, "There is nothing at this path"),
    UNKNOWN_TASK(404, "There is no such task"),
    UNKNOWN_ROUND(404, "There is no such round"),
    UNKNOWN_ADAPTER(404, "There is no such adapter"),
    METHOD_NOT_ALLOWED(405, "This path does not take this method"),
    INVALID_PARAMETER(400, "A parameter is missing or out of its range"),
    MALFORMED_MESSAGE(400, "The body is not a well-formed message"),
    BODY_HASH_MISMATCH(400, "The body is not what was signed"),
    BODY_INCOMPLETE(400, "The body ended early"),
    BODY_TIMEOUT(408, "The body came too slowly"),
    LENGTH_REQUIRED(411, "The length of the body must be announced"),
    BODY_TOO_LARGE(413, "The body is larger than allowed"),
    UNSUPPORTED_MEDIA_TYPE(415, "The body has another media type than this path takes"),
    WRONG_LENGTH(422, "The masked vector has another length than the round's"),
    MESSAGE_REFUSED(422, "The message breaks a rule of the protocol"),
    SIGNATURE_MISSING(401, "The request is not signed"),
    SIGNATURE_INVALID(401, "The signature does not fit the request"),
    CLOCK_SKEW(401, "The client's clock is too far from the server's"),
    UNKNOWN_CLIENT(403, "The client is not on the roster"),
    NOT_IN_COHORT(403, "The client does not take part in this phase of the round"),
    WRONG_PHASE(409, "The round is not in this phase"),
    DUPLICATE_MESSAGE(409, "A different message was accepted before"),
    ROUND_ABORTED(409, "The round was aborted"),
    ROUND_OVER(409, "The round is over"),
    TASK_FINISHED(410, "The task has ended"),
    STORE_UNAVAILABLE(503, "The coordinator cannot write its store"),
    NOT_READY(503, "The coordinator is starting or stopping"),
    INTERNAL_ERROR(500, "The coordinator failed");

    private static final String BASE = "https://fedlora.dev/problems/";

    private final int status;
    private final String title;

    ProblemType(int status, String title) {
        this.status = status;
        this.title = title;
    }

    int status() {
        return status;
    }

    String title() {
        return title;
    }

    /** Returns the stable {@code type} of the document. */
    @JsonValue
    String uri() {
        return BASE + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
