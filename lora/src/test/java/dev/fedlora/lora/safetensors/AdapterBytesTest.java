package dev.fedlora.lora.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.testing.TestAdapters;
import dev.fedlora.testkit.Property;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AdapterBytesTest {
    private static LoraAdapter small() {
        SplittableRandom random = new SplittableRandom(3);
        LoraAdapter adapter = TestAdapters.random(random);
        while (adapter.head() == null || adapter.spec().targets().size() < 2) {
            adapter = TestAdapters.random(random);
        }
        return adapter;
    }

    /** Replaces one piece of the header by another of the same length. */
    private static byte[] edited(String from, String to) {
        byte[] bytes = AdapterBytes.encode(small());
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        assertThat(text).contains(from);
        assertThat(to).hasSameSizeAs(from);
        return text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void decode_ofEncoded_isTheSameAdapter() {
        Property.forAll(100, random -> {
            LoraAdapter adapter = TestAdapters.random(random);
            byte[] bytes = AdapterBytes.encode(adapter);
            LoraAdapter back = AdapterBytes.decode(bytes);
            assertThat(back).isEqualTo(adapter);
            assertThat(back.factors())
                    .extracting(LoraFactors::tensor)
                    .isEqualTo(
                            adapter.factors().stream().map(LoraFactors::tensor).toList());
            assertThat(back.head() == null).isEqualTo(adapter.head() == null);
            if (back.head() != null && adapter.head() != null) {
                assertThat(back.head().labels()).isEqualTo(adapter.head().labels());
            }
            assertThat(AdapterBytes.encode(back)).isEqualTo(bytes);
            assertThat(AdapterBytes.sha256(back)).isEqualTo(AdapterBytes.sha256(bytes));
        });
    }

    @Test
    void decode_ofAnyChangedByte_isRefusedOrAnotherAdapter() {
        byte[] bytes = AdapterBytes.encode(small());
        Property.forAll(2000, random -> {
            byte[] changed = bytes.clone();
            changed[random.nextInt(changed.length)] ^= (byte) random.nextInt(1, 256);
            try {
                assertThat(AdapterBytes.encode(AdapterBytes.decode(changed))).isEqualTo(changed);
            } catch (MalformedFileException refused) {
                assertThat(refused).hasMessageStartingWith("adapter: ");
            }
        });
    }

    @Test
    void decode_ofEveryPrefix_isRefused() {
        byte[] bytes = AdapterBytes.encode(small());
        for (int length = 0; length < bytes.length; length += 7) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> AdapterBytes.decode(cut)).isInstanceOf(MalformedFileException.class);
        }
    }

    @Test
    void decode_ofAdaptersThatAreNot_saysWhatIsWrong() {
        assertThatThrownBy(() -> AdapterBytes.decode(edited("fedlora-adapter-1", "fedlora-adapter-2")))
                .hasMessageContaining("its format is not fedlora-adapter-1");
        assertThatThrownBy(() -> AdapterBytes.decode(edited("0123456789abcdef0", "0123456789ABCDEF0")))
                .hasMessageContaining("base_sha256 is not a SHA-256");
        assertThatThrownBy(() -> AdapterBytes.decode(edited("\"architecture\":\"bert\"", "\"architecture\":\"b\\nt\"")))
                .hasMessageContaining("architecture is not a name");
        assertThatThrownBy(
                        () -> AdapterBytes.decode(edited("blk.0.attn_k.weight.lora_b", "blk.0.attn_k.weight.lora_x")))
                .hasMessageContaining("has no tensor blk.0.attn_k.weight.lora_b");
        assertThatThrownBy(() -> AdapterBytes.decode(edited("blk.0.attn_k.", "blk_0.attn_k.")))
                .hasMessageContaining("is not a block's linear layer");
        assertThatThrownBy(() -> AdapterBytes.decode(edited("\"labels\":", "\"labelz\":")))
                .hasMessageContaining("not in canonical form");
        assertThatThrownBy(() -> AdapterBytes.decode(edited("classifier.bias", "classifier.xias")))
                .hasMessageContaining("has no tensor classifier.bias");
        assertThatThrownBy(() -> AdapterBytes.decode(edited("\"alpha\":\"", "\"alpha\":\"".replace('a', 'x'))))
                .hasMessageContaining("has no metadata alpha");
    }

    @Test
    void decode_ofAnInfiniteValue_isRefused() {
        LoraAdapter adapter = small();
        adapter.factors().get(0).a()[0] = Float.POSITIVE_INFINITY;
        byte[] bytes = AdapterBytes.encode(adapter);
        assertThatThrownBy(() -> AdapterBytes.decode(bytes)).hasMessageContaining("not a finite number");
    }
}
