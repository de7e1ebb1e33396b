package dev.fedlora.coordinator.http;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.RequestSignature;
import dev.fedlora.aggregation.wire.RequestSignature.Refusal;
import dev.fedlora.aggregation.wire.Roster;
import io.vertx.core.http.HttpServerRequest;
import java.time.Instant;
import java.util.function.Supplier;

/** Checks who sent a request. Thread-safe; the check takes a fraction of a millisecond and belongs on a worker. */
final class SignedRequests {
    private final Roster roster;
    private final Supplier<Instant> clock;

    SignedRequests(Roster roster, Supplier<Instant> clock) {
        this.roster = roster;
        this.clock = clock;
    }

    /**
     * What is needed of a request, taken on its event loop.
     *
     * @param method such as {@code POST}
     * @param uri path with query, as on the request line
     * @param signature the four headers
     */
    record Claim(String method, String uri, RequestSignature signature) {}

    /** @throws ProblemException when the four headers are missing or unreadable */
    static Claim claim(HttpServerRequest request) {
        RequestSignature signature = RequestSignature.ofHeaders(request::getHeader)
                .orElseThrow(() -> new ProblemException(
                        ProblemTable.of(Refusal.MALFORMED_HEADERS),
                        "the request needs the headers %s, %s, %s and %s"
                                .formatted(
                                        RequestSignature.CLIENT_HEADER,
                                        RequestSignature.TIME_HEADER,
                                        RequestSignature.BODY_HEADER,
                                        RequestSignature.SIGNATURE_HEADER)));
        return new Claim(request.method().name(), request.uri(), signature);
    }

    /**
     * Returns the client that signed the request.
     *
     * @throws ProblemException when it is not on the roster, its clock is wrong, or the signature does not verify
     */
    long verify(Claim claim) {
        Instant now = clock.get();
        claim.signature().verify(roster, now, claim.method(), claim.uri()).ifPresent(refusal -> {
            throw new ProblemException(problem(refusal, claim.signature(), now));
        });
        return claim.signature().client();
    }

    private static Problem problem(Refusal refusal, RequestSignature signature, Instant now) {
        ProblemType type = ProblemTable.of(refusal);
        return switch (refusal) {
            case UNKNOWN_CLIENT -> Problem.of(type, "client " + signature.client() + " is not on the roster");
            case CLOCK_SKEW ->
                Problem.of(
                                type,
                                "client %d says it is %s, here it is %s; allowed is a difference of %s"
                                        .formatted(
                                                signature.client(),
                                                time(signature.epochMillis()),
                                                time(now.toEpochMilli()),
                                                RequestSignature.ALLOWED_SKEW))
                        .withServerTime(now.toEpochMilli());
            case MALFORMED_HEADERS, BAD_SIGNATURE, WRONG_BODY ->
                Problem.of(type, "the signature of client " + signature.client() + " does not fit this request");
        };
    }

    private static String time(long epochMillis) {
        return Instant.ofEpochMilli(epochMillis).toString();
    }

    /** @throws ProblemException when the body is not the one that was signed */
    static void requireBody(Claim claim, Bytes sha256) {
        if (!claim.signature().bodySha256().equals(sha256)) {
            throw new ProblemException(
                    ProblemTable.of(Refusal.WRONG_BODY),
                    "client %d signed a body with SHA-256 %s, got one with %s"
                            .formatted(
                                    claim.signature().client(),
                                    claim.signature().bodySha256(),
                                    sha256));
        }
    }
}
