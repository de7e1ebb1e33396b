package dev.fedlora.cli.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.file.WholeFile;
import dev.fedlora.lora.quant.QuantizationType;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCacheTest {
    @TempDir
    private Path folder;

    @Test
    void gguf_twice_convertsOnceAndNamesTheFileByItsHash() throws IOException {
        Path first = new ModelCache(folder).gguf(BuiltInModel.ALL_MINILM_L6_V2, QuantizationType.Q4_0);
        Object written = Files.getLastModifiedTime(first);
        Path second = new ModelCache(folder).gguf(BuiltInModel.ALL_MINILM_L6_V2, QuantizationType.Q4_0);
        assertThat(second).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(second)).isEqualTo(written);
        assertThat(first.getFileName().toString()).contains(WholeFile.sha256(first));
        assertThat(files()).containsExactly(first);
    }

    @Test
    void gguf_damagedFile_isConvertedAgain() throws IOException {
        Path first = new ModelCache(folder).gguf(BuiltInModel.ALL_MINILM_L6_V2, QuantizationType.Q4_0);
        String hash = WholeFile.sha256(first);
        try (FileChannel channel = FileChannel.open(first, StandardOpenOption.WRITE)) {
            channel.truncate(1000);
        }
        Path again = new ModelCache(folder).gguf(BuiltInModel.ALL_MINILM_L6_V2, QuantizationType.Q4_0);
        assertThat(WholeFile.sha256(again)).isEqualTo(hash);
    }

    @Test
    void of_environment_prefersFedloraThenXdgThenHome() {
        Path home = Path.of("/home/u");
        assertThat(ModelCache.of(Map.of("FEDLORA_CACHE", "/a", "XDG_CACHE_HOME", "/b"), home))
                .isEqualTo(new ModelCache(Path.of("/a/models")));
        assertThat(ModelCache.of(Map.of("XDG_CACHE_HOME", "/b"), home))
                .isEqualTo(new ModelCache(Path.of("/b/fedlora/models")));
        assertThat(ModelCache.of(Map.of("FEDLORA_CACHE", ""), home))
                .isEqualTo(new ModelCache(Path.of("/home/u/.cache/fedlora/models")));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.toList();
        }
    }
}
