package dev.fedlora.aggregation.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.testkit.Property;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class WireFormatTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final SessionId SESSION = new SessionId(random(32));
    private static final IdentityKeys IDENTITY = IdentityKeys.generate(RANDOM);

    private static Bytes random(int size) {
        byte[] bytes = new byte[size];
        RANDOM.nextBytes(bytes);
        return Bytes.of(bytes);
    }

    static RoundPlan plan() {
        return new RoundPlan(
                1,
                "north",
                "triage",
                3,
                random(32),
                random(32),
                random(32),
                Protocol.SECAGG,
                9,
                8,
                6,
                5,
                1,
                1001,
                32,
                0x1p20,
                1.5,
                PhaseDeadlines.of(Duration.ofMinutes(2), Duration.ofSeconds(10)),
                random(32));
    }

    /** One message of each type: its bytes, and decoding followed by encoding. */
    private record Example(
            Object value, byte[] bytes, Function<byte[], Object> decode, Function<Object, byte[]> encode) {}

    private static Example of(ClientMessage message) {
        return new Example(
                message,
                WireFormat.encode(message),
                WireFormat::decodeClient,
                value -> WireFormat.encode((ClientMessage) value));
    }

    private static Example of(ServerMessage message) {
        return new Example(
                message,
                WireFormat.encode(message),
                WireFormat::decodeServer,
                value -> WireFormat.encode((ServerMessage) value));
    }

    private static Map<String, Example> examples() {
        KeyAdvertisement keys = KeyAdvertisement.sign(
                SESSION, 7, new KeyAdvertisement.Keys(random(32), random(32), random(32)), IDENTITY);
        SurvivorList survivors = new SurvivorList(SESSION, List.of(3L, 7L, Long.MAX_VALUE));
        SurvivorSignature signature = SurvivorSignature.sign(survivors, 7, IDENTITY);
        SignedPlan plan = SignedPlan.sign(plan(), IDENTITY);
        Map<String, Example> examples = new LinkedHashMap<>();
        examples.put(
                "plan",
                new Example(
                        plan,
                        WireFormat.encode(plan),
                        WireFormat::decodePlan,
                        value -> WireFormat.encode((SignedPlan) value)));
        examples.put("keys", of(keys));
        examples.put(
                "shares",
                of(new SealedShares(
                        SESSION,
                        7,
                        random(32),
                        List.of(new SealedShares.Box(3, random(112)), new SealedShares.Box(9, random(112))))));
        examples.put("survivor signature", of(signature));
        examples.put(
                "unmasking",
                of(new Unmasking(
                        SESSION,
                        7,
                        List.of(new Unmasking.RevealedShare(3, 2, random(40))),
                        List.of(new Unmasking.RevealedShare(9, 2, random(40))))));
        examples.put("key roster", of(new KeyRoster(SESSION, List.of(keys))));
        examples.put("empty key roster", of(new KeyRoster(SESSION, List.of())));
        examples.put("delivery", of(new ShareDelivery(SESSION, 7, List.of(new ShareDelivery.Box(3, random(112))))));
        examples.put("survivors", of(survivors));
        examples.put("signatures", of(new SignatureList(SESSION, List.of(signature))));
        examples.put("result", of(RoundResult.sign(SESSION, random(32), List.of(3L, 7L), IDENTITY)));
        examples.put(
                "aborted", of(new RoundAborted(SESSION, RoundAborted.Reason.BAD_SHARES, "zu wenige Anteile: ä€𝄞")));
        return examples;
    }

    private static Stream<DynamicTest> each(java.util.function.Consumer<Example> law) {
        return examples().entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> law.accept(entry.getValue())));
    }

    @TestFactory
    Stream<DynamicTest> decode_whatWasEncoded_givesItBack() {
        return each(example -> {
            Object decoded = example.decode().apply(example.bytes());
            assertThat(decoded).isEqualTo(example.value());
            assertThat(example.encode().apply(decoded)).isEqualTo(example.bytes());
        });
    }

    @TestFactory
    Stream<DynamicTest> decode_truncatedAnywhere_refused() {
        return each(example -> {
            for (int length = 0; length < example.bytes().length; length++) {
                assertMalformed(example, Arrays.copyOf(example.bytes(), length));
            }
            assertMalformed(example, Arrays.copyOf(example.bytes(), example.bytes().length + 1));
        });
    }

    private static void assertMalformed(Example example, byte[] bytes) {
        ProtocolException refusal = catchThrowableOfType(
                ProtocolException.class, () -> example.decode().apply(bytes));
        assertThat(refusal).isNotNull();
        assertThat(refusal.reason()).isEqualTo(ProtocolException.Reason.MALFORMED);
        assertThat(refusal.getMessage()).isNotBlank();
    }

    @TestFactory
    Stream<DynamicTest> decode_anyBitFlipped_refusedOrCanonical() {
        return each(example -> {
            for (int bit = 0; bit < 8 * example.bytes().length; bit++) {
                byte[] flipped = example.bytes().clone();
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                assertRefusedOrCanonical(example, flipped);
            }
        });
    }

    private static void assertRefusedOrCanonical(Example example, byte[] bytes) {
        Object decoded;
        try {
            decoded = example.decode().apply(bytes);
        } catch (ProtocolException refused) {
            assertThat(refused.reason()).isEqualTo(ProtocolException.Reason.MALFORMED);
            return;
        }
        assertThat(decoded).isNotEqualTo(example.value());
        assertThat(example.encode().apply(decoded)).isEqualTo(bytes);
    }

    @TestFactory
    Stream<DynamicTest> decode_randomMutations_refusedOrCanonical() {
        return each(example -> Property.forAll(1500, random -> {
            byte[] mutated = example.bytes().clone();
            for (int i = random.nextInt(1, 5); i > 0; i--) {
                int at = random.nextInt(mutated.length);
                mutated[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : -random.nextInt(2));
            }
            if (random.nextInt(4) == 0) {
                mutated = Arrays.copyOf(mutated, random.nextInt(2 * mutated.length));
            }
            if (!Arrays.equals(mutated, example.bytes())) {
                assertRefusedOrCanonical(example, mutated);
            }
        }));
    }

    @Test
    void decode_hugeListCount_refusedBeforeAllocating() {
        byte[] bytes = WireFormat.encode(new SurvivorList(SESSION, List.of(3L)));
        for (int count : new int[] {2, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
            byte[] huge = bytes.clone();
            ByteBuffer.wrap(huge).putInt(5 + 32, count);
            ProtocolException refusal =
                    catchThrowableOfType(ProtocolException.class, () -> WireFormat.decodeServer(huge));
            assertThat(refusal).hasMessageContaining("survivors count");
        }
    }

    @Test
    void decode_tooLong_refused() {
        ProtocolException refusal = catchThrowableOfType(
                ProtocolException.class, () -> WireFormat.decodeClient(new byte[WireFormat.MAX_MESSAGE_BYTES + 1]));
        assertThat(refusal).hasMessageContaining("at most 1048576 bytes, got 1048577");
    }

    @Test
    void decode_messageOfTheOtherSide_refused() {
        byte[] survivors = WireFormat.encode(new SurvivorList(SESSION, List.of(3L)));
        byte[] signature = WireFormat.encode(new SurvivorSignature(SESSION, 1, random(64)));
        assertThat(catchThrowableOfType(ProtocolException.class, () -> WireFormat.decodeClient(survivors)))
                .hasMessageContaining("SURVIVOR_LIST");
        assertThat(catchThrowableOfType(ProtocolException.class, () -> WireFormat.decodeServer(signature)))
                .hasMessageContaining("SURVIVOR_SIGNATURE");
        assertThat(catchThrowableOfType(ProtocolException.class, () -> WireFormat.decodePlan(signature)))
                .hasMessageContaining("expected a plan");
    }

    @Test
    void decode_listOutOfOrderOrRepeated_refused() {
        byte[] bytes = WireFormat.encode(new SurvivorList(SESSION, List.of(3L, 5L)));
        for (long first : new long[] {5, 6, 0, -1}) {
            byte[] wrong = bytes.clone();
            ByteBuffer.wrap(wrong).putLong(5 + 32 + 4, first);
            assertThat(catchThrowableOfType(ProtocolException.class, () -> WireFormat.decodeServer(wrong)))
                    .hasMessageContaining("ascending order");
        }
    }

    @Test
    void unmasking_bothSharesOfAClient_cannotBeMade() {
        List<Unmasking.RevealedShare> share = List.of(new Unmasking.RevealedShare(3, 2, random(40)));
        assertThat(catchThrowableOfType(IllegalArgumentException.class, () -> new Unmasking(SESSION, 7, share, share)))
                .hasMessageContaining("both shares of client 3");
    }

    @Test
    void maskedVector_streamAndWrite_giveTheHashedBytes() throws IOException {
        for (int dimension : new int[] {1, 5, 16384, 16385, 40000}) {
            int[] values = RANDOM.ints(dimension).toArray();
            MaskedVector vector = MaskedVector.of(SESSION, 7, values);
            ByteArrayOutputStream written = new ByteArrayOutputStream();
            vector.writeTo(written);
            assertThat(written.size()).isEqualTo((int) vector.byteCount());
            assertThat(vector.newInputStream().readAllBytes()).isEqualTo(written.toByteArray());
            assertThat(Bytes.sha256(written.toByteArray())).isEqualTo(vector.sha256());
            byte[] header = Arrays.copyOf(written.toByteArray(), MaskedVector.HEADER_BYTES);
            assertThat(MaskedVector.Header.ofBytes(header)).isEqualTo(new MaskedVector.Header(SESSION, 7, dimension));
            assertThat(vector.toString()).doesNotContain(Integer.toString(values[0]) + ",");
        }
    }

    @Test
    void survivorsSigned_otherListOrSession_doesNotVerify() {
        SurvivorList list = new SurvivorList(SESSION, List.of(1L, 2L));
        SurvivorSignature signature = SurvivorSignature.sign(list, 1, IDENTITY);
        Bytes key = Bytes.of(IDENTITY.publicKey());
        assertThat(signature.isSignedBy(key, List.of(1L, 2L))).isTrue();
        assertThat(signature.isSignedBy(key, List.of(1L, 3L))).isFalse();
        assertThat(signature.isSignedBy(key, List.of(1L))).isFalse();
        SurvivorSignature elsewhere = new SurvivorSignature(new SessionId(random(32)), 1, signature.signature());
        assertThat(elsewhere.isSignedBy(key, List.of(1L, 2L))).isFalse();
    }
}
