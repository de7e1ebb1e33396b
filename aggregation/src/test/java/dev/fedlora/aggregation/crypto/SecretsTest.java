package dev.fedlora.aggregation.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.testkit.Property;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretsTest {
    private static final SecureRandom RANDOM = new SecureRandom();

    @Test
    void toString_everySecretType_printsNoSecret() {
        byte[] bytes = new byte[32];
        RANDOM.nextBytes(bytes);
        String hex = HexFormat.of().formatHex(bytes);
        Secret secret = Secret.copyOf(bytes);
        Share share = Shamir.split(secret, new int[] {1}, 1, RANDOM).get(0); // threshold 1: the secret itself
        String limb = Long.toString(share.limb(0));
        for (Object printed : List.of(
                secret,
                IdentityKeys.ofPrivateKey(secret),
                AgreementKeys.ofPrivateKey(secret),
                share,
                new ShareBundle(share, share))) {
            assertThat(printed.toString())
                    .doesNotContain(hex)
                    .doesNotContain(limb)
                    .doesNotContain(hex.substring(0, 8));
        }
    }

    @Test
    void close_secret_zeroesBytesAndRefusesUse() {
        Secret secret = Secret.random(RANDOM, 32);
        byte[] inside = secret.expose();
        secret.close();
        assertThat(inside).containsOnly(0);
        assertThat(secret.isWiped()).isTrue();
        assertThatIllegalStateException().isThrownBy(secret::expose).withMessageContaining("wiped");
    }

    @Test
    void close_share_zeroesLimbs() {
        Share share = Shamir.split(Secret.random(RANDOM, 32), new int[] {1}, 1, RANDOM)
                .get(0);
        share.close();
        assertThat(share.reveal()).containsOnly(0);
    }

    @Test
    void equals_secrets_comparesBytes() {
        Secret one = Secret.copyOf(new byte[] {1, 2});
        assertThat(one).isEqualTo(Secret.copyOf(new byte[] {1, 2})).isNotEqualTo(Secret.copyOf(new byte[] {1, 3}));
    }

    @Test
    void saveAndLoad_identityKeys_sameKeysOwnerOnly(@TempDir Path folder) throws IOException {
        IdentityKeys keys = IdentityKeys.generate(RANDOM);
        Path file = folder.resolve("client.key");
        keys.save(file);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        IdentityKeys loaded = IdentityKeys.load(file);
        assertThat(loaded.publicKey()).isEqualTo(keys.publicKey());
        assertThat(loaded.sign(new byte[] {1})).isEqualTo(keys.sign(new byte[] {1}));
        assertThatThrownBy(() -> keys.save(file)).isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void load_fileOthersCanRead_refused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("client.key");
        IdentityKeys.generate(RANDOM).save(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> IdentityKeys.load(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("rw-r-----")
                .hasMessageContaining("client.key");
    }

    @Test
    void load_brokenFile_refusedWithoutPrintingIt(@TempDir Path folder) throws IOException {
        String good = "fedlora-ed25519 " + "ab".repeat(32) + "\n";
        Path file = folder.resolve("client.key");
        for (String broken : List.of(
                "", good.substring(1), good.trim(), good + "x", good.replace('b', 'g'), good.replace("fed", "FED"))) {
            Files.writeString(file, broken);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            assertThatThrownBy(() -> IdentityKeys.load(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("64 hex digits")
                    .message()
                    .doesNotContain("abab");
        }
        assertThatThrownBy(() -> IdentityKeys.load(folder.resolve("absent"))).isInstanceOf(IOException.class);
    }

    @Test
    void open_anyBitFlipped_opensNothing() {
        Secret key = Secret.random(RANDOM, 32);
        byte[] context = {1, 2, 3};
        byte[] box = SealedBox.seal(key, Secret.random(RANDOM, 84), context, RANDOM);
        assertThat(SealedBox.open(key, box, context)).isPresent();
        for (int bit = 0; bit < 8 * box.length; bit++) {
            byte[] flipped = box.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(SealedBox.open(key, flipped, context)).isEmpty();
        }
        assertThat(SealedBox.open(key, box, new byte[] {1, 2, 4})).isEmpty();
        assertThat(SealedBox.open(Secret.random(RANDOM, 32), box, context)).isEmpty();
        assertThat(SealedBox.open(key, new byte[27], context)).isEmpty();
    }

    @Test
    void mask_anyRange_equalsThatPartOfWholeMask() {
        Property.forAll(100, random -> {
            Secret key = Secret.random(RANDOM, 32);
            int[] whole = new int[random.nextInt(1, 5000)];
            MaskStream masks = new MaskStream();
            masks.add(key, whole, 0, whole.length);
            int cut = random.nextInt(0, whole.length) / 4 * 4;
            int[] parts = new int[whole.length];
            masks.add(key, parts, cut, parts.length);
            masks.add(key, parts, 0, cut);
            assertThat(parts).isEqualTo(whole);
            masks.subtract(key, parts, 0, parts.length);
            assertThat(parts).containsOnly(0);
        });
    }

    @Test
    void mask_keyThatIsNot32Bytes_refused() {
        for (int size : new int[] {0, 4, 16, 24, 31, 33}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new MaskStream().add(Secret.random(RANDOM, size), new int[8], 0, 8))
                    .withMessageContaining("32 bytes");
        }
    }

    @Test
    void mask_manyDerivedKeys_allDistinctAndEveryBitBalanced() {
        // 2^14 first words: with 28 effective bits of key some would be equal with probability 0.39
        int keys = 1 << 14;
        int[] ones = new int[32];
        Set<List<Integer>> seen = new HashSet<>();
        for (int i = 0; i < keys; i++) {
            int[] mask = new int[4];
            new MaskStream().add(Secret.random(RANDOM, 32), mask, 0, 4);
            seen.add(List.of(mask[0], mask[1], mask[2], mask[3]));
            for (int bit = 0; bit < 32; bit++) {
                ones[bit] += mask[0] >>> bit & 1;
            }
        }
        assertThat(seen).hasSize(keys);
        // 7 standard deviations of a fair coin, sqrt(keys) / 2 = 64: fails by chance once in 10^10
        assertThat(java.util.Arrays.stream(ones)).allMatch(count -> Math.abs(count - keys / 2) < 448);
    }
}
