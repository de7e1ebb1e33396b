package dev.fedlora.lora.model;

import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.onnx.OnnxBertConverter;
import dev.fedlora.lora.onnx.OnnxSource;
import dev.fedlora.lora.quant.QuantizationType;
import java.io.IOException;
import java.nio.file.Path;

/** all-MiniLM-L6-v2 from the Maven artifact on the class path of the tests, converted. */
public final class MiniLm {
    private MiniLm() {}

    /** Writes the model to {@code folder}, its linear layers stored as {@code type}, and opens it. */
    public static GgufFile convert(QuantizationType type, Path folder) throws IOException {
        Path target = folder.resolve("minilm-" + type + ".gguf");
        OnnxBertConverter.convert(
                OnnxSource.onClassPath(MiniLm.class.getClassLoader(), "all-minilm-l6-v2.onnx"), type, target);
        return GgufFile.open(target);
    }
}
