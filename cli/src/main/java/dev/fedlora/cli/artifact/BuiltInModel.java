package dev.fedlora.cli.artifact;

import dev.fedlora.lora.onnx.OnnxSource;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A base model on the class path, as ONNX; {@link ModelCache} keeps it converted. */
public enum BuiltInModel {
    /** Sentence encoder of 22.7 million parameters, 384 wide, 6 blocks (Wang et al., MiniLM, NeurIPS 2020; Apache-2.0). */
    ALL_MINILM_L6_V2("all-minilm-l6-v2");

    private final String modelName;

    BuiltInModel(String modelName) {
        this.modelName = modelName;
    }

    /** Returns the name that users give. */
    public String modelName() {
        return modelName;
    }

    /** Returns the model called {@code name}, if there is one. */
    public static Optional<BuiltInModel> find(String name) {
        return Arrays.stream(values())
                .filter(model -> model.modelName.equals(name))
                .findFirst();
    }

    /** Returns all names. */
    public static List<String> names() {
        return Arrays.stream(values()).map(BuiltInModel::modelName).toList();
    }

    /** Opens the ONNX file and its tokenizer. */
    public OnnxSource open() throws IOException {
        return OnnxSource.onClassPath(BuiltInModel.class.getClassLoader(), modelName + ".onnx");
    }
}
