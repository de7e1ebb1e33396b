package dev.fedlora.lora.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.testing.Corruption;
import dev.fedlora.lora.testing.TestAdapters;
import dev.fedlora.testkit.Property;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
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
            LoraAdapter adapter = random.nextBoolean() ? TestAdapters.random(random) : TestAdapters.patterned(random);
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
    void sha256_ofAPlainAdapter_neverChanges() { // versions that coordinators have stored and signed
        LoraAdapter adapter = new LoraAdapter(
                "llama",
                TestAdapters.BASE,
                new AdapterSpec(1, 2.5f, List.of("attn_q")),
                List.of(new LoraFactors("blk.0.attn_q.weight", 1, 2, 3, new float[] {0.5f, -1}, new float[] {1, 2, 3})),
                new ClassifierHead(List.of("a", "b"), 2, new float[] {1, 2, 3, 4}, new float[] {0, -0.25f}));
        assertThat(AdapterBytes.sha256(adapter))
                .isEqualTo("922d48f8bdff153a07b9dd8187952c1079e7f9bb44f752adc4cab17b30b9f772");
    }

    @Test
    void decode_ofWrongScalingOrPattern_saysWhatIsWrong() {
        SplittableRandom random = new SplittableRandom(1);
        LoraAdapter adapter = TestAdapters.patterned(random);
        while (adapter.spec().scaling() == LoraScaling.STANDARD) {
            adapter = TestAdapters.patterned(random);
        }
        String text = new String(AdapterBytes.encode(adapter), StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> decode(text.replace("RANK_STABILIZED", "RANK_STABILIZER")))
                .hasMessageContaining("its scaling is RANK_STABILIZER, allowed are [STANDARD, RANK_STABILIZED]");
        assertThatThrownBy(() -> decode(text.replaceFirst("rank_pattern\":\"\\{", "rank_pattern\":\"[")))
                .hasMessageContaining("rank_pattern");
        assertThatThrownBy(() -> decode(text.replaceFirst("(alpha_pattern.{6,40}?:)\\d+\\.", "$1\"x")))
                .isInstanceOf(MalformedFileException.class);
    }

    private static LoraAdapter decode(String bytes) {
        return AdapterBytes.decode(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void decode_ofAnyChangedByte_isRefusedOrAnotherAdapter() {
        byte[] bytes = AdapterBytes.encode(small());
        Property.forAll(8000, random -> {
            byte[] changed = random.nextBoolean() ? Corruption.of(random, bytes) : withOneByteChanged(random, bytes);
            long before = Corruption.allocated();
            try {
                assertThat(AdapterBytes.encode(AdapterBytes.decode(changed))).isEqualTo(changed);
            } catch (MalformedFileException refused) {
                assertThat(refused).hasMessageStartingWith("adapter: ");
            }
            // a parsed header takes some 20 times its size; a trace is constant
            assertThat(Corruption.allocated() - before).isLessThan((1L << 20) + 100L * changed.length);
        });
    }

    private static byte[] withOneByteChanged(SplittableRandom random, byte[] bytes) {
        byte[] changed = bytes.clone();
        changed[random.nextInt(changed.length)] ^= (byte) random.nextInt(1, 256);
        return changed;
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
