package dev.fedlora.lora.model;

import dev.fedlora.lora.gguf.GgufFile;
import java.util.ArrayList;
import java.util.List;

/** Opens the base model that a GGUF file holds. */
public final class BaseModels {
    private BaseModels() {}

    /** Returns the architectures that can be run. */
    public static List<String> architectures() {
        List<String> names = new ArrayList<>(List.of(BertModel.ARCHITECTURE));
        for (DecoderFamily family : DecoderFamily.values()) {
            names.add(family.architecture());
        }
        return names;
    }

    /**
     * Opens the model in {@code file}, whose mapping stays in use as long as the model.
     *
     * @throws dev.fedlora.lora.file.MalformedFileException when a key or tensor is missing or has another shape
     * @throws IllegalArgumentException when the file holds an architecture that is not known, or one of its numbers makes
     *     no sense
     */
    public static BaseModel of(GgufFile file) {
        String architecture = file.string("general.architecture");
        if (architecture.equals(BertModel.ARCHITECTURE)) {
            return BertModel.of(file);
        }
        if (DecoderFamily.of(architecture).isPresent()) {
            return DecoderModel.of(file);
        }
        throw new IllegalArgumentException("%s holds a model of architecture '%s', this version runs %s"
                .formatted(file.path(), architecture, architectures()));
    }
}
