package dev.fedlora.lora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.testing.TestVocabulary;
import dev.fedlora.lora.tokenizer.Tokenizer;
import dev.fedlora.lora.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExampleEncoderTest {
    @TempDir
    private Path folder;

    private Tokenizer tokenizer;

    @BeforeEach
    void open() throws IOException {
        tokenizer = Tokenizers.of(TestVocabulary.write(folder, "\u2581fever", "\u2581cough"));
    }

    @Test
    void encode_tooLong_keepsTheFirstAndTheLastToken() {
        ExampleEncoder encoder = new ExampleEncoder(tokenizer, List.of("ill", "well"), 4);
        Example example = new Example(null, "fever cough fever cough", "well", "p1", null);
        assertThat(encoder.encode(example)).isEqualTo(new EncodedExample(new int[] {2, 5, 6, 3}, 1, "p1"));
        assertThat(encoder.encodeText("fever cough")).containsExactly(2, 5, 6, 3);
        assertThat(encoder.encodeText("fever")).containsExactly(2, 5, 3);
        assertThat(encoder.encode(List.of(example, example))).hasSize(2);
        assertThat(encoder.encode(example).toString()).isEqualTo("EncodedExample[4 tokens]");
    }

    @Test
    void encode_unknownLabel_isRefusedWithTheLabelsAllowed() {
        ExampleEncoder encoder = new ExampleEncoder(tokenizer, List.of("ill", "well"), 4);
        assertThatThrownBy(() -> encoder.encode(new Example(null, "fever", "dead", null, null)))
                .hasMessage("label \"dead\" is unknown, allowed are [ill, well]");
        assertThatThrownBy(() -> new ExampleEncoder(tokenizer, List.of("ill", "well"), 2))
                .hasMessage("max tokens must be at least 3, got 2");
    }
}
