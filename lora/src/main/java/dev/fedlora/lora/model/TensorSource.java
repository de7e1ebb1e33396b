package dev.fedlora.lora.model;

import dev.fedlora.lora.quant.QuantizedMatrix;

/** Where a model's weights come from, by GGUF name and expected shape; refuses what is absent or shaped otherwise. */
interface TensorSource {
    QuantizedMatrix matrix(String name, int rows, int columns);

    float[] vector(String name, int length);
}
