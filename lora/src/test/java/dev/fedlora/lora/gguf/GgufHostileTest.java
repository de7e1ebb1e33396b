package dev.fedlora.lora.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.testing.Corruption;
import dev.fedlora.testkit.Property;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that lie about themselves. */
class GgufHostileTest {
    private static final int F32 = 0;
    private static final long HUGE = 1L << 62;

    /** A string of one letter is an object of some 50 bytes, an entry of a map as much; a trace is constant. */
    private static final long BYTES_EACH = 100;

    private static final long BYTES_ANYWAY = 1 << 20;

    @TempDir
    private Path folder;

    private final ByteBuffer out = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

    private GgufHostileTest start(long tensors, long entries) {
        out.clear();
        out.putInt(HeaderParser.MAGIC).putInt(3).putLong(tensors).putLong(entries);
        return this;
    }

    private GgufHostileTest text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putLong(bytes.length).put(bytes);
        return this;
    }

    private GgufHostileTest i32(int value) {
        out.putInt(value);
        return this;
    }

    private GgufHostileTest i64(long value) {
        out.putLong(value);
        return this;
    }

    private GgufHostileTest bytes(int count) {
        out.put(new byte[count]);
        return this;
    }

    private GgufHostileTest tensor(String name, int type, long offset, long... dimensions) {
        text(name).i32(dimensions.length);
        Arrays.stream(dimensions).forEach(this::i64);
        return i32(type).i64(offset);
    }

    private GgufHostileTest data(int count) {
        return bytes(Math.floorMod(-out.position(), 32)).bytes(count);
    }

    private void assertRefused(String message) throws IOException {
        Path file = folder.resolve("hostile.gguf");
        Files.write(file, Arrays.copyOf(out.array(), out.position()));
        assertThatThrownBy(() -> GgufFile.open(file))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("hostile.gguf")
                .hasMessageContaining(message);
    }

    @Test
    void open_whatIsNotGguf_saysSo() throws IOException {
        out.clear();
        assertRefused("is not a GGUF file");
        i64(1).i64(2);
        assertRefused("is not a GGUF file");
        out.clear();
        i32(HeaderParser.MAGIC).i32(1).i64(0).i64(0);
        assertRefused("GGUF version is 1, this version reads little-endian 2 and 3");
        out.clear();
        i32(HeaderParser.MAGIC).i32(0x03000000).i64(0).i64(0);
        assertRefused("GGUF version is 50331648");
        out.clear();
        i32(HeaderParser.MAGIC).i32(3).i32(0);
        assertRefused("the file ends in the middle of the number of tensors");
    }

    @Test
    void open_countsThatTheFileCannotHold_areRefusedBeforeAnythingIsAllocated() throws IOException {
        start(HUGE, 0);
        assertRefused("the number of tensors is 4611686018427387904, but");
        start(-1, 0);
        assertRefused("the number of tensors is 18446744073709551615, but");
        start(0, Integer.MAX_VALUE);
        assertRefused("the number of metadata entries is 2147483647, but");
        start(0, 1).i64(HUGE).bytes(20);
        assertRefused("the length of a metadata key is 4611686018427387904, but 20 bytes are left");
        start(0, 1).text("k").i32(GgufValueType.STRING.id()).i64(-5).bytes(20);
        assertRefused("the length of k is 18446744073709551611");
        start(0, 1)
                .text("k")
                .i32(GgufValueType.ARRAY.id())
                .i32(GgufValueType.F64.id())
                .i64(3)
                .bytes(20);
        assertRefused("the length of array k is 3, but 20 bytes are left");
        start(0, 1)
                .text("k")
                .i32(GgufValueType.ARRAY.id())
                .i32(GgufValueType.STRING.id())
                .i64(HUGE)
                .bytes(20);
        assertRefused("the length of array k is 4611686018427387904");
    }

    @Test
    void open_metadataThatBreaksTheFormat_isRefusedByKey() throws IOException {
        start(0, 1).text("k").i32(13).bytes(8);
        assertRefused("k has value type 13, allowed are 0 to 12");
        start(0, 1)
                .text("k")
                .i32(GgufValueType.ARRAY.id())
                .i32(GgufValueType.ARRAY.id())
                .i64(0);
        assertRefused("k is an array of arrays");
        start(0, 1).text("k").i32(GgufValueType.BOOL.id()).bytes(0);
        out.put((byte) 2);
        assertRefused("k is a truth value of 2");
        start(0, 2)
                .text("k")
                .i32(GgufValueType.U32.id())
                .i32(1)
                .text("k")
                .i32(GgufValueType.U32.id())
                .i32(1);
        assertRefused("metadata key k appears twice");
        start(0, 1).i64(2);
        out.put(new byte[] {(byte) 0xC3, 0x28}).putInt(0).put((byte) 0);
        assertRefused("a metadata key is not valid UTF-8");
        start(0, 1).text("general.alignment").i32(GgufValueType.U32.id()).i32(24);
        assertRefused("general.alignment must be a power of two");
        start(0, 1).text("general.alignment").i32(GgufValueType.U32.id()).i32(0);
        assertRefused("general.alignment must be a power of two");
        start(0, 1).text("general.alignment").i32(GgufValueType.STRING.id()).text("32");
        assertRefused("general.alignment must be a power of two");
    }

    @Test
    void open_tensorsThatBreakTheFormat_areRefusedByName() throws IOException {
        start(1, 0).text("t").i32(0).bytes(30);
        assertRefused("tensor t has 0 dimensions, allowed are 1 to 4");
        start(1, 0).text("t").i32(-1).bytes(30);
        assertRefused("tensor t has 4294967295 dimensions");
        start(1, 0).tensor("t", 4, 0, 32).data(128);
        assertRefused("tensor t: quantization type 4 is not supported");
        start(1, 0).tensor("t", 8, 0, 33, 2).data(128);
        assertRefused("tensor t has rows of 33 values, but Q8_0 stores blocks of 32");
        start(1, 0).tensor("t", F32, 0, 0).data(32);
        assertRefused("tensor t has dimensions [0]");
        start(1, 0).tensor("t", F32, 0, HUGE, HUGE, HUGE, HUGE).data(32);
        assertRefused("a file of");
        start(1, 0).tensor("t", F32, 16, 4).data(64);
        assertRefused("tensor t has offset 16, which is not a multiple of the alignment 32");
        start(1, 0).tensor("t", F32, -32, 4).data(64);
        assertRefused("tensor t has offset 18446744073709551584");
        start(1, 0).tensor("t", F32, 0, 9).data(32);
        assertRefused("tensor t takes 36 bytes from byte 0 of the data, but the file's data has 32");
        start(1, 0).tensor("t", F32, HUGE, 1).data(32);
        assertRefused("tensor t takes 4 bytes from byte 4611686018427387904");
        start(2, 0).tensor("t", F32, 0, 9).tensor("u", F32, 32, 1).data(64);
        assertRefused("tensors t and u overlap");
        start(2, 0).tensor("t", F32, 0, 1).tensor("t", F32, 32, 1).data(64);
        assertRefused("tensor t appears twice");
    }

    @Test
    void vector_valueThatIsNotFinite_isRefusedByPlace() throws IOException {
        Path file = folder.resolve("nan.gguf");
        new GgufWriter()
                .tensor("output_norm.weight", List.of(3L), new float[] {1, 2, Float.NaN})
                .write(file);
        GgufFile open = GgufFile.open(file);
        assertThatThrownBy(() -> open.vector("output_norm.weight"))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining("tensor output_norm.weight: value 2 is NaN, only finite values can be used");
    }

    @Test
    void sha256_fileThatWasReplaced_fails() throws IOException {
        byte[] valid = valid();
        Path file = folder.resolve("valid.gguf");
        GgufFile asked = GgufFile.open(file);
        String hash = asked.sha256();
        GgufFile late = GgufFile.open(file);
        Files.write(folder.resolve("other.gguf"), valid);
        Files.move(folder.resolve("other.gguf"), file, StandardCopyOption.REPLACE_EXISTING);
        assertThat(asked.sha256()).isEqualTo(hash);
        assertThatThrownBy(late::sha256)
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("valid.gguf: has changed since it was opened");
    }

    private byte[] valid() throws IOException {
        Path file = folder.resolve("valid.gguf");
        new GgufWriter()
                .text("general.architecture", "bert")
                .texts("tokens", List.of("a", "bc"))
                .i32s("types", new int[] {1, 2, 3})
                .flag("causal", false)
                .f32("epsilon", 1e-12f)
                .tensor("m", List.of(4L, 3L), new float[12])
                .tensor("v", List.of(5L), new float[5])
                .write(file);
        return Files.readAllBytes(file);
    }

    @Test
    void open_anyPrefix_isRefused() throws IOException {
        byte[] valid = valid();
        int used = valid.length - 12; // the last tensor ends there, padding follows
        for (int length = 0; length < used; length++) {
            out.clear().put(valid, 0, length);
            assertRefused("");
        }
    }

    @Test
    void open_anyChangedBytes_isReadOrRefusedInOneLine() throws IOException {
        byte[] valid = valid();
        Path file = folder.resolve("changed.gguf");
        Property.forAll(1000, random -> {
            byte[] changed = valid.clone();
            for (int i = 0; i < random.nextInt(1, 4); i++) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
            }
            try {
                Files.write(file, changed);
                long before = Corruption.allocated();
                GgufFile read;
                try {
                    read = GgufFile.open(file);
                } finally {
                    assertThat(Corruption.allocated() - before).isLessThan(BYTES_ANYWAY + BYTES_EACH * changed.length);
                }
                read.tensors()
                        .forEach(tensor -> assertThat(
                                        (long) read.bytes(tensor.name()).remaining())
                                .isEqualTo(tensor.bytes()));
            } catch (MalformedFileException refused) {
                assertThat(refused.getMessage()).contains("changed.gguf").hasSizeLessThan(1000);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
    }

    /** Headers that llama.cpp wrote, with up to 8 bytes changed, most of them to values that counts and types live on. */
    @ParameterizedTest
    @ValueSource(strings = {"stories260K-Q4_0.gguf", "bitstories3M-Q4_K_M.gguf"})
    void parse_realHeaderWithChangedBytes_isReadOrRefusedInOneLine(String model) throws IOException {
        Path file = Shared.path("models/" + model);
        byte[] valid = Files.readAllBytes(file);
        long data = GgufFile.open(file).tensors().stream()
                .mapToLong(GgufTensor::offset)
                .min()
                .orElseThrow();
        byte[] awkward = {0, 1, -1, 127, -128, 2, 8, 9, 32};
        Property.forAll(20_000, random -> {
            byte[] changed = Arrays.copyOf(valid, (int) data);
            for (int i = random.nextInt(1, 9); i > 0; i--) {
                // every other one among the tensors at the end, which are few beside the vocabulary
                int at = random.nextInt(random.nextBoolean() ? 0 : (int) data - 4000, (int) data);
                changed[at] =
                        random.nextInt(4) == 0 ? (byte) random.nextInt() : awkward[random.nextInt(awkward.length)];
            }
            long before = Corruption.allocated();
            try {
                HeaderParser header = new HeaderParser(file, valid.length, ByteBuffer.wrap(changed)).parse();
                assertThat(header.tensors().values())
                        .allMatch(t -> t.offset() >= 0 && t.bytes() > 0 && t.offset() + t.bytes() <= valid.length);
            } catch (MalformedFileException refused) {
                assertThat(refused.getMessage()).contains(model).hasSizeLessThan(2000);
            }
            assertThat(Corruption.allocated() - before).isLessThan(BYTES_ANYWAY + BYTES_EACH * data);
        });
    }
}
