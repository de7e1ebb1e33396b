package dev.fedlora.aggregation.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.RequestSignature.Refusal;
import dev.fedlora.aggregation.wire.RequestSignature.Request;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RequestSignatureTest {
    private static final Instant NOW = Instant.parse("2026-11-20T10:00:00Z");
    private static final String PATH = "/v1/rounds/ab/keys?wait=30";

    private final IdentityKeys keys = IdentityKeys.generate(new SecureRandom());
    private final Roster roster = new Roster(List.of(new RosterEntry(5, "five", Bytes.of(keys.publicKey()))));
    private final Bytes body = Bytes.sha256(new byte[] {1});
    private final RequestSignature signature = RequestSignature.sign(keys, 5, NOW, new Request("POST", PATH, body));

    @Test
    void verify_throughHeaders_accepted() {
        RequestSignature read =
                RequestSignature.ofHeaders(signature.headers()::get).orElseThrow();
        assertThat(read).isEqualTo(signature);
        assertThat(read.verify(roster, NOW.plusSeconds(299), "POST", PATH)).isEmpty();
    }

    @Test
    void verify_clockOff_refused() {
        for (long seconds : new long[] {301, -301, 100_000_000_000L}) {
            assertThat(signature.verify(roster, NOW.plusSeconds(seconds), "POST", PATH))
                    .contains(Refusal.CLOCK_SKEW);
        }
        RequestSignature far = new RequestSignature(5, Long.MIN_VALUE, body, signature.signature());
        assertThat(far.verify(roster, NOW, "POST", PATH)).contains(Refusal.CLOCK_SKEW);
    }

    @Test
    void verify_anythingChanged_refused() {
        assertThat(signature.verify(roster, NOW, "GET", PATH)).contains(Refusal.BAD_SIGNATURE);
        assertThat(signature.verify(roster, NOW, "POST", "/v1/rounds/ab/keys?wait=31"))
                .contains(Refusal.BAD_SIGNATURE);
        RequestSignature otherBody =
                new RequestSignature(5, signature.epochMillis(), RequestSignature.NO_BODY, signature.signature());
        assertThat(otherBody.verify(roster, NOW, "POST", PATH)).contains(Refusal.BAD_SIGNATURE);
        RequestSignature otherTime = new RequestSignature(5, signature.epochMillis() + 1, body, signature.signature());
        assertThat(otherTime.verify(roster, NOW, "POST", PATH)).contains(Refusal.BAD_SIGNATURE);
        RequestSignature stranger = new RequestSignature(6, signature.epochMillis(), body, signature.signature());
        assertThat(stranger.verify(roster, NOW, "POST", PATH)).contains(Refusal.UNKNOWN_CLIENT);
    }

    @Test
    void ofHeaders_missingOrUnreadable_nothing() {
        for (String name : signature.headers().keySet()) {
            Map<String, String> headers = new HashMap<>(signature.headers());
            headers.remove(name);
            assertThat(RequestSignature.ofHeaders(headers::get)).isEmpty();
            for (String wrong : List.of("", "x", "-1", "99999999999999999999", "ä", "AAAA")) {
                headers.put(name, wrong);
                boolean isTime = name.equals(RequestSignature.TIME_HEADER) && wrong.equals("-1");
                assertThat(RequestSignature.ofHeaders(headers::get).isPresent()).isEqualTo(isTime);
            }
        }
    }
}
