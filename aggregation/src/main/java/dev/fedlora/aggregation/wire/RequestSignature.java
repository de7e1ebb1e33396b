package dev.fedlora.aggregation.wire;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A client's signature over one HTTP request: method, path with query, time, client and hash of the body. It travels in
 * four headers. It says who sent the request and that nobody changed it; it does not hide it (that is TLS), and within
 * the allowed skew it can be replayed (the round's messages are safe to repeat).
 *
 * @param client sender
 * @param epochMillis the sender's clock
 * @param bodySha256 hash of the body; of no bytes when there is none
 * @param signature Ed25519 by the client's identity key
 */
public record RequestSignature(long client, long epochMillis, Bytes bodySha256, Bytes signature) {
    /** Header with the client's id, decimal. */
    public static final String CLIENT_HEADER = "Fedlora-Client";
    /** Header with the time, milliseconds since 1970, decimal. */
    public static final String TIME_HEADER = "Fedlora-Time";
    /** Header with the body's hash, lower-case hex. */
    public static final String BODY_HEADER = "Fedlora-Body-SHA256";
    /** Header with the signature, base64. */
    public static final String SIGNATURE_HEADER = "Fedlora-Signature";
    /** The largest difference between the clocks of client and server. */
    public static final Duration ALLOWED_SKEW = Duration.ofMinutes(5);
    /** Hash of a request without a body. */
    public static final Bytes NO_BODY = Bytes.sha256(new byte[0]);

    private static final String DOMAIN = "fedlora request v1";

    /** @throws IllegalArgumentException when a length or the id is wrong */
    public RequestSignature {
        Sizes.requireClient(client);
        Sizes.require(BODY_HEADER, Sizes.HASH, bodySha256);
        Sizes.require(SIGNATURE_HEADER, Sizes.SIGNATURE, signature);
    }

    /** Why a request is refused. */
    public enum Refusal {
        /** A header is missing or unreadable. */
        MALFORMED_HEADERS,
        /** The client is not on the roster. */
        UNKNOWN_CLIENT,
        /** The clocks differ by more than {@link #ALLOWED_SKEW}. */
        CLOCK_SKEW,
        /** The signature does not verify. */
        BAD_SIGNATURE,
        /** The body is not the one that was signed. */
        WRONG_BODY
    }

    /** Signs a request of {@code client}; {@code pathWithQuery} as on the request line, such as {@code /v1/tasks?x=1}. */
    public static RequestSignature sign(IdentityKeys identity, long client, Instant time, Request request) {
        long millis = time.toEpochMilli();
        byte[] signature = identity.sign(signedBytes(client, millis, request));
        return new RequestSignature(client, millis, request.bodySha256(), Bytes.of(signature));
    }

    /**
     * What is signed of a request.
     *
     * @param method such as {@code POST}
     * @param pathWithQuery as on the request line
     * @param bodySha256 hash of the body, {@link #NO_BODY} when there is none
     */
    public record Request(String method, String pathWithQuery, Bytes bodySha256) {}

    /** Returns the four headers. */
    public Map<String, String> headers() {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put(CLIENT_HEADER, Long.toString(client));
        headers.put(TIME_HEADER, Long.toString(epochMillis));
        headers.put(BODY_HEADER, bodySha256.hex());
        headers.put(SIGNATURE_HEADER, Base64.getEncoder().encodeToString(signature.toArray()));
        return headers;
    }

    /**
     * Reads the four headers.
     *
     * @param header gives the value of a header, null when it is absent
     * @return nothing when a header is missing or unreadable: {@link Refusal#MALFORMED_HEADERS}
     */
    public static Optional<RequestSignature> ofHeaders(Function<String, @Nullable String> header) {
        String client = header.apply(CLIENT_HEADER);
        String time = header.apply(TIME_HEADER);
        String body = header.apply(BODY_HEADER);
        String signature = header.apply(SIGNATURE_HEADER);
        if (client == null || time == null || body == null || signature == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new RequestSignature(
                    Long.parseLong(client),
                    Long.parseLong(time),
                    Bytes.ofHex(body),
                    Bytes.of(Base64.getDecoder().decode(signature))));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * Checks client, clock and signature. The caller compares {@link #bodySha256()} with the hash of the body it received,
     * {@link Refusal#WRONG_BODY}, before it acts on the body.
     *
     * @param roster has the client's key
     * @param now the server's clock
     * @param method of the request
     * @param pathWithQuery of the request
     * @return why the request is refused, or nothing when it is good
     */
    public Optional<Refusal> verify(Roster roster, Instant now, String method, String pathWithQuery) {
        RosterEntry entry = roster.find(client).orElse(null);
        if (entry == null) {
            return Optional.of(Refusal.UNKNOWN_CLIENT);
        }
        long skew = ALLOWED_SKEW.toMillis();
        long clock = now.toEpochMilli();
        if (epochMillis < clock - skew || epochMillis > clock + skew) {
            return Optional.of(Refusal.CLOCK_SKEW);
        }
        byte[] signed = signedBytes(client, epochMillis, new Request(method, pathWithQuery, bodySha256));
        boolean isGood = IdentityKeys.verify(entry.identityKey().toArray(), signed, signature.toArray());
        return isGood ? Optional.empty() : Optional.of(Refusal.BAD_SIGNATURE);
    }

    private static byte[] signedBytes(long client, long millis, Request request) {
        ByteWriter out = new ByteWriter().text(DOMAIN).text(request.method()).text(request.pathWithQuery());
        return out.u64(millis).u64(client).fixed(request.bodySha256()).toArray();
    }
}
