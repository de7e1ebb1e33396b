package dev.fedlora.lora.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
    @TempDir
    private Path folder;

    private static ByteBuffer file(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + json.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .rewind();
    }

    private static void assertRefused(String header, int dataBytes, String message) {
        assertThatThrownBy(() -> SafetensorsFile.parse("x", file(header, dataBytes)))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageStartingWith("x: ")
                .hasMessageContaining(message);
    }

    private static String tensor(String type, String shape, String offsets) {
        return "{\"t\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}".formatted(type, shape, offsets);
    }

    @Test
    void open_filesOfPeftAndTorch_readsThem() throws IOException {
        SafetensorsFile peft = SafetensorsFile.open(Shared.path("adapters/peft-minilm/adapter_model.safetensors"));
        assertThat(peft.metadata()).containsEntry("format", "pt");
        assertThat(peft.tensors()).hasSize(24);
        assertThat(peft.floats("base_model.model.encoder.layer.0.attention.self.query.lora_A.weight", 8, 384))
                .hasSize(8 * 384)
                .doesNotContain(Float.NaN);
        SafetensorsFile torch = SafetensorsFile.open(Shared.path("golden/train-minilm.safetensors"));
        assertThat(torch.metadata()).containsEntry("alpha", "16.0");
        SafetensorsFile llama = SafetensorsFile.open(Shared.path("models/hf-stories260K/model.safetensors"));
        assertThat(llama.tensors()).isNotEmpty();
    }

    @Test
    void floats_ofEachType_areExact() {
        ByteBuffer f16 = file(tensor("F16", "[2]", "[0,4]"), 4).order(ByteOrder.LITTLE_ENDIAN);
        f16.putShort(f16.limit() - 4, (short) 0x3C00).putShort(f16.limit() - 2, (short) 0xC500);
        assertThat(SafetensorsFile.parse("x", f16).floats("t", 2)).containsExactly(1f, -5f);
        ByteBuffer bf16 = file(tensor("BF16", "[2]", "[0,4]"), 4).order(ByteOrder.LITTLE_ENDIAN);
        bf16.putShort(bf16.limit() - 4, (short) 0x3F80).putShort(bf16.limit() - 2, (short) 0xC0A0);
        assertThat(SafetensorsFile.parse("x", bf16).floats("t", 2)).containsExactly(1f, -5f);
        ByteBuffer whole = file(tensor("I64", "[1]", "[0,8]"), 8);
        assertThatThrownBy(() -> SafetensorsFile.parse("x", whole).floats("t"))
                .hasMessageContaining("tensor t has dtype I64, expected F32, F16 or BF16");
    }

    @Test
    void write_thenRead_givesTheValues() throws IOException {
        Path file = folder.resolve("x.safetensors");
        SafetensorsWriter writer = new SafetensorsWriter()
                .metadata("b", "ü")
                .metadata("a", "\"")
                .tensor("m", new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
                .tensor("empty", new float[0], 0)
                .tensor("one", new float[] {-0f});
        writer.write(file);
        assertThat(Files.readAllBytes(file)).isEqualTo(writer.toBytes());
        assertThat((Files.size(file) - 7 * 4) % 8).isZero();
        SafetensorsFile read = SafetensorsFile.open(file);
        assertThat(read.metadata()).containsExactly(java.util.Map.entry("a", "\""), java.util.Map.entry("b", "ü"));
        assertThat(read.floats("m", 2, 3)).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(read.floats("one")).containsExactly(-0f);
        assertThatThrownBy(() -> read.floats("m", 3, 2))
                .hasMessageContaining("tensor m has shape [2, 3], expected [3, 2]");
        assertThatThrownBy(() -> read.floats("n")).hasMessageContaining("has no tensor n");
        assertThatThrownBy(() -> writer.tensor("m", new float[1], 1)).hasMessageContaining("given twice");
        assertThatThrownBy(() -> writer.tensor("n", new float[1], 2)).hasMessageContaining("got 1 values");
    }

    @Test
    void parse_ofHostileHeaders_saysWhatIsWrong() {
        assertThatThrownBy(() -> SafetensorsFile.parse("x", ByteBuffer.allocate(7)))
                .hasMessageContaining("has 7 bytes");
        ByteBuffer huge = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(0, -1);
        assertThatThrownBy(() -> SafetensorsFile.parse("x", huge))
                .hasMessageContaining("would take 18446744073709551615");
        assertRefused("[]", 0, "not a JSON object");
        assertRefused("{\"a\"", 0, "not valid JSON");
        assertRefused("{} {}", 0, "not valid JSON");
        assertRefused("{}", 4, "the tensors take 0 bytes, but 4 follow");
        assertRefused("{\"t\":{}}", 0, "dtype \"\"");
        assertRefused("{\"t\":1}", 0, "dtype \"\"");
        assertRefused("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__.a is not a string");
        assertRefused(tensor("Q4", "[1]", "[0,4]"), 4, "dtype \"Q4\", allowed are [BF16");
        assertRefused(tensor("F32", "[1]", "[0,8]"), 8, "takes 4 bytes, its data_offsets are [0, 8]");
        assertRefused(tensor("F32", "[1]", "[0,400]"), 4, "data_offsets [0, 400], but 4 bytes follow");
        assertRefused(tensor("F32", "[1]", "[4,0]"), 4, "data_offsets [4, 0]");
        assertRefused(tensor("F32", "[1]", "[0]"), 4, "data_offsets [0]");
        assertRefused(tensor("F32", "[1]", "4"), 4, "no list data_offsets");
        assertRefused(tensor("F32", "[-1]", "[0,4]"), 4, "shape with -1");
        assertRefused(tensor("F32", "[1.5]", "[0,4]"), 4, "shape with 1.5");
        assertRefused(tensor("F32", "[99999999999999999999]", "[0,4]"), 4, "shape with 99999999999999999999");
        assertRefused(tensor("F32", "[4611686018427387904,4]", "[0,4]"), 4, "not possible");
        assertRefused(tensor("F32", "[1]", "[4,8]"), 8, "begins at byte 4 of the data, expected 0");
        String one = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        assertRefused("{\"a\":%s,\"b\":%s}".formatted(one, one), 4, "begins at byte 0 of the data, expected 4");
        assertRefused("{\"a\":%s,\"a\":%s}".formatted(one, one), 4, "not valid JSON: Duplicate");
    }
}
