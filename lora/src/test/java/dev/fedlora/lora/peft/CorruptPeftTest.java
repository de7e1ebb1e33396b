package dev.fedlora.lora.peft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.testing.Corruption;
import dev.fedlora.lora.testing.TestAdapters;
import dev.fedlora.testkit.Property;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** PEFT directories with a damaged file: read, or refused by the one exception, at a cost their size explains. */
class CorruptPeftTest {
    /** Parsed JSON, and expressions over module names, take some 50 times the text's size; a trace is constant. */
    private static final int BYTES_EACH = 200;

    private static final long BYTES_ANYWAY = 1 << 20;

    @TempDir
    private Path folder;

    private void corrupt(int cases, String name) throws IOException {
        SplittableRandom random = new SplittableRandom(8);
        LoraAdapter adapter = TestAdapters.patterned(random);
        while (adapter.factors().size() > 6) { // a small one, since each case maps every tensor
            adapter = TestAdapters.patterned(random);
        }
        PeftDirectory.write(adapter, folder);
        PeftDirectory.read(folder);
        Path file = folder.resolve(name);
        byte[] valid = Files.readAllBytes(file);
        long size = Files.size(folder.resolve("adapter_config.json"))
                + Files.size(folder.resolve("adapter_model.safetensors"));
        Property.forAll(cases, seeded -> {
            try {
                Files.write(file, Corruption.of(seeded, valid));
                long before = Corruption.allocated();
                try {
                    PeftDirectory.read(folder);
                } catch (MalformedFileException refused) {
                    assertThat(refused.getMessage()).contains(folder.toString()).hasSizeLessThan(2000);
                }
                assertThat(Corruption.allocated() - before).isLessThan(BYTES_ANYWAY + BYTES_EACH * size);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
    }

    @Test
    void read_changedConfig_isReadOrRefused() throws IOException {
        corrupt(3000, "adapter_config.json");
    }

    @Test
    void read_changedTensors_isReadOrRefused() throws IOException {
        corrupt(3000, "adapter_model.safetensors");
    }
}
