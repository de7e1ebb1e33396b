package dev.fedlora.lora.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MalformedFileExceptionTest {
    @Test
    void message_nameWithControlCharacters_isOneHarmlessLine() {
        String name = "a\nb\u001b[31mc\u202ed\u0085e";
        assertThat(new MalformedFileException(Path.of("x.gguf"), "tensor " + name + " is bad"))
                .hasMessage("x.gguf: tensor a\ufffdb\ufffd[31mc\ufffdd\ufffde is bad");
        assertThat(new MalformedFileException("x", "Gr\u00fc\u00dfe \ud83d\ude00"))
                .hasMessage("x: Gr\u00fc\u00dfe \ud83d\ude00");
    }

    @Test
    void message_longName_losesItsEnd() {
        assertThat(new MalformedFileException("x", "k".repeat(100_000)).getMessage())
                .hasSizeLessThan(900);
        assertThat(new MalformedFileException("x", "k".repeat(100_000), new IllegalStateException()).getMessage())
                .startsWith("x: kkk")
                .endsWith("k...");
    }
}
