package dev.fedlora.lora.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
    @TempDir
    private Path folder;

    @Test
    void write_replacesWhatStoodThere() throws IOException {
        Path file = folder.resolve("x");
        WholeFile.write(file, new byte[] {1, 2});
        WholeFile.write(file, new byte[] {3});
        assertThat(file).hasBinaryContent(new byte[] {3});
        assertOnly(file);
    }

    @Test
    void write_thatFailsInTheMiddle_changesNothing() throws IOException {
        Path file = Files.writeString(folder.resolve("x"), "old");
        assertThatThrownBy(() -> WholeFile.write(file, channel -> {
                    WholeFile.writeFully(channel, ByteBuffer.allocate(10));
                    throw new IOException("disk full");
                }))
                .hasMessage("disk full");
        assertThat(file).hasContent("old");
        assertOnly(file);
    }

    @Test
    void write_ofARelativeName_works() throws IOException {
        Path here = Path.of("")
                .toAbsolutePath()
                .relativize(folder.resolve("relative").toAbsolutePath());
        WholeFile.write(here, new byte[] {1});
        assertThat(folder.resolve("relative")).hasBinaryContent(new byte[] {1});
    }

    @Test
    void sha256_ofTheStandardsExample_isItsHash() throws IOException {
        String expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // FIPS 180-2, "abc"
        byte[] abc = "abc".getBytes(StandardCharsets.US_ASCII);
        assertThat(WholeFile.sha256(abc)).isEqualTo(expected);
        assertThat(WholeFile.sha256(Files.write(folder.resolve("abc"), abc))).isEqualTo(expected);
    }

    private void assertOnly(Path file) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }
}
