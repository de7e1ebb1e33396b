package dev.fedlora.aggregation.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.ChaCha20ParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Vectors of RFCs and NIST, and sharings computed elsewhere. Primitives that the product does not use check the platform. */
class KnownAnswersTest {
    @TestFactory
    Stream<DynamicTest> vectors() throws IOException {
        JsonNode all = new ObjectMapper()
                .readTree(Shared.path("golden/privacy-vectors.json").toFile())
                .get("crypto");
        assertThat(all).hasSizeGreaterThanOrEqualTo(39);
        return StreamSupport.stream(all.spliterator(), false)
                .filter(vector -> !vector.get("primitive").asText().equals("SecAgg end-to-end"))
                .map(vector -> DynamicTest.dynamicTest(vector.get("name").asText(), () -> check(vector)));
    }

    private static void check(JsonNode vector) throws GeneralSecurityException {
        switch (vector.get("primitive").asText()) {
            case "X25519" -> checkAgreement(vector);
            case "HKDF-SHA256" -> checkHkdf(vector);
            case "AES-128-CTR", "AES-256-CTR" -> checkCounterMode(vector);
            case "ChaCha20" -> checkChaCha(vector);
            case "Ed25519" -> checkSignature(vector);
            case "HMAC-SHA256" -> checkMac(vector);
            case "AES-128-GCM", "AES-256-GCM" -> checkSealing(vector);
            case "Shamir" -> checkSharing(vector);
            default -> throw new AssertionError("a vector of " + vector.get("primitive"));
        }
    }

    private static byte[] bytes(JsonNode vector, String field) {
        return HexFormat.of().parseHex(vector.get(field).asText());
    }

    private static void checkAgreement(JsonNode vector) {
        if (vector.get("expected").asText().equals("reject")) {
            byte[] lowOrder = bytes(vector, "public");
            assertThat(AgreementKeys.isPublicKey(lowOrder)).isFalse();
            AgreementKeys keys = AgreementKeys.ofPrivateKey(Secret.taking(new byte[32]));
            assertThatThrownBy(() -> keys.agree(lowOrder)).hasMessageContaining("low order");
            return;
        }
        byte[] expected = bytes(vector, "expected");
        if (vector.has("iterations")) {
            byte[] scalar = bytes(vector, "start");
            byte[] point = scalar;
            for (int i = 0; i < vector.get("iterations").asInt(); i++) {
                byte[] next = AgreementKeys.ofPrivateKey(Secret.copyOf(scalar))
                        .agree(point)
                        .expose();
                point = scalar;
                scalar = next;
            }
            assertThat(scalar).isEqualTo(expected);
            return;
        }
        String scalar = vector.has("scalar") ? "scalar" : "private";
        AgreementKeys keys = AgreementKeys.ofPrivateKey(Secret.taking(bytes(vector, scalar)));
        if (!vector.has("u") && !vector.has("public")) {
            assertThat(keys.publicKey()).isEqualTo(expected);
            return;
        }
        byte[] peer = bytes(vector, vector.has("u") ? "u" : "public");
        assertThat(keys.agree(peer).expose()).isEqualTo(expected);
        assertThat(AgreementKeys.isPublicKey(peer)).isTrue();
    }

    private static void checkHkdf(JsonNode vector) {
        Secret key = Hkdf.derive(
                Secret.taking(bytes(vector, "ikm")),
                bytes(vector, "salt"),
                bytes(vector, "info"),
                vector.get("L").asInt());
        assertThat(key.expose()).isEqualTo(bytes(vector, "expected"));
    }

    private static void checkCounterMode(JsonNode vector) throws GeneralSecurityException {
        byte[] key = bytes(vector, "key");
        byte[] counter = bytes(vector, "counter");
        byte[] expected = bytes(vector, "expected");
        boolean isDigest = vector.get("name").asText().contains("1 MiB");
        byte[] plain =
                vector.has("plaintext") ? bytes(vector, "plaintext") : new byte[isDigest ? 1 << 20 : expected.length];
        Cipher cipher = Cipher.getInstance("AES/CTR/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(counter));
        assertThat(digestIf(isDigest, cipher.doFinal(plain))).isEqualTo(expected);
        boolean isMask = key.length == 32 && MessageDigest.isEqual(counter, new byte[16]);
        if (isMask) {
            int[] vectorOfMask = new int[plain.length / 4];
            new MaskStream().add(Secret.taking(key), vectorOfMask, 0, vectorOfMask.length);
            assertThat(digestIf(isDigest, littleEndian(vectorOfMask))).isEqualTo(expected);
        }
    }

    private static byte[] digestIf(boolean isDigest, byte[] stream) throws GeneralSecurityException {
        return isDigest ? MessageDigest.getInstance("SHA-256").digest(stream) : stream;
    }

    private static byte[] littleEndian(int[] values) {
        byte[] bytes = new byte[4 * values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (values[i / 4] >>> 8 * (i % 4));
        }
        return bytes;
    }

    private static void checkChaCha(JsonNode vector) throws GeneralSecurityException {
        byte[] expected = bytes(vector, "expected");
        byte[] plain = vector.has("plaintext") ? bytes(vector, "plaintext") : new byte[expected.length];
        Cipher cipher = Cipher.getInstance("ChaCha20");
        cipher.init(
                Cipher.ENCRYPT_MODE,
                new SecretKeySpec(bytes(vector, "key"), "ChaCha20"),
                new ChaCha20ParameterSpec(
                        bytes(vector, "nonce"), vector.get("counter").asInt()));
        assertThat(cipher.doFinal(plain)).isEqualTo(expected);
    }

    private static void checkSignature(JsonNode vector) {
        IdentityKeys keys = IdentityKeys.ofPrivateKey(Secret.taking(bytes(vector, "secret")));
        byte[] expected = bytes(vector, "expected");
        if (!vector.has("message")) {
            assertThat(keys.publicKey()).isEqualTo(expected);
            assertThat(IdentityKeys.isPublicKey(expected)).isTrue();
            return;
        }
        byte[] message = bytes(vector, "message");
        assertThat(keys.sign(message)).isEqualTo(expected);
        assertThat(IdentityKeys.verify(bytes(vector, "public"), message, expected))
                .isTrue();
        expected[0] ^= 1;
        assertThat(IdentityKeys.verify(bytes(vector, "public"), message, expected))
                .isFalse();
    }

    private static void checkMac(JsonNode vector) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(bytes(vector, "key"), "HmacSHA256"));
        assertThat(mac.doFinal(bytes(vector, "message"))).isEqualTo(bytes(vector, "expected"));
    }

    private static void checkSealing(JsonNode vector) throws GeneralSecurityException {
        byte[] key = bytes(vector, "key");
        byte[] nonce = bytes(vector, "nonce");
        byte[] plain = bytes(vector, "plaintext");
        byte[] context = bytes(vector, "aad");
        byte[] expected = bytes(vector, "expected");
        if (key.length == 32) {
            byte[] box = SealedBox.seal(Secret.taking(key), Secret.copyOf(plain), context, nonce);
            assertThat(box).startsWith(nonce).endsWith(expected).hasSize(12 + expected.length);
            assertThat(SealedBox.open(Secret.taking(key), box, context)
                            .orElseThrow()
                            .expose())
                    .isEqualTo(plain);
        } else {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(
                    Cipher.ENCRYPT_MODE,
                    new SecretKeySpec(key, "AES"),
                    new javax.crypto.spec.GCMParameterSpec(128, nonce));
            cipher.updateAAD(context);
            assertThat(cipher.doFinal(plain)).isEqualTo(expected);
        }
    }

    private static void checkSharing(JsonNode vector) {
        if (!vector.has("p")) {
            checkByteSharing(vector);
        } else if (vector.get("p").asLong() == Field.P) {
            checkOurSharing(vector);
        } else {
            checkReferenceSharing(vector);
        }
    }

    private static void checkOurSharing(JsonNode vector) {
        byte[] secret = bytes(vector, "secret_hex");
        long[] limbs = longs(vector.get("limbs"));
        assertThat(Shamir.toLimbs(secret)).isEqualTo(limbs);
        assertThat(Shamir.ofLimbs(limbs)).isEqualTo(secret);
        List<Share> shares = new ArrayList<>();
        for (int x = 1; x <= 5; x++) {
            long[] expected = longs(vector.get("shares").get(Integer.toString(x)));
            for (int limb = 0; limb < Share.LIMBS; limb++) {
                assertThat(Shamir.evaluate(longs(vector.get("coefficients").get(limb)), x))
                        .isEqualTo(expected[limb]);
            }
            shares.add(new Share(x, expected));
        }
        List<Share> three = List.of(shares.get(4), shares.get(0), shares.get(2));
        int[] xs = {5, 1, 3};
        assertThat(Interpolation.at(0, xs).secret(three).orElseThrow().expose()).isEqualTo(secret);
        assertThat(Interpolation.at(2, xs).agrees(three, shares.get(1))).isTrue();
    }

    private static long[] longs(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToLong(JsonNode::asLong)
                .toArray();
    }

    /** The plain reference, over any prime: it is what the property test compares with. */
    private static void checkReferenceSharing(JsonNode vector) {
        BigInteger p = BigInteger.valueOf(vector.get("p").asLong());
        int[] xs = {2, 4, 5};
        BigInteger secret = BigInteger.ZERO;
        for (int limb = 0; limb < 2; limb++) {
            List<BigInteger> ys = new ArrayList<>();
            for (int x : xs) {
                String share = vector.get("shares_hex").get(x - 1).asText();
                ys.add(new BigInteger(share.substring(8 * limb, 8 * limb + 8), 16));
            }
            secret = secret.shiftLeft(31).add(ReferenceSharing.atZero(xs, ys, p));
        }
        assertThat(secret).isEqualTo(new BigInteger(vector.get("secret_hex").asText(), 16));
    }

    private static void checkByteSharing(JsonNode vector) {
        byte[] secret = bytes(vector, "secret_hex");
        vector.get("shares").properties().forEach(share -> {
            int x = Integer.parseInt(share.getKey());
            byte[] expected = HexFormat.of().parseHex(share.getValue().asText());
            for (int i = 0; i < secret.length; i++) {
                long[] coefficients = longs(vector.get("coefficients").get(i));
                int y = 0;
                for (int j = coefficients.length - 1; j >= 0; j--) {
                    y = ReferenceSharing.multiplyBytes(y, x) ^ (int) coefficients[j];
                }
                assertThat((byte) y).isEqualTo(expected[i]);
                assertThat((byte) coefficients[0]).isEqualTo(secret[i]);
            }
        });
    }
}
