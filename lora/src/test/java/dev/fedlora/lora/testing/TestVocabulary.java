package dev.fedlora.lora.testing;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Small WordPiece vocabularies in GGUF files. */
public final class TestVocabulary {
    private TestVocabulary() {}

    /** Writes [PAD] [UNK] [CLS] [SEP] [MASK] and then {@code pieces}, which start at id 5. */
    public static GgufFile write(Path folder, String... pieces) throws IOException {
        List<String> tokens = new ArrayList<>(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"));
        tokens.addAll(List.of(pieces));
        Path file = folder.resolve("vocabulary.gguf");
        new GgufWriter()
                .text("tokenizer.ggml.model", "bert")
                .texts("tokenizer.ggml.tokens", tokens)
                .write(file);
        return GgufFile.open(file);
    }
}
