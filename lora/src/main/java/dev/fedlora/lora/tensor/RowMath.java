package dev.fedlora.lora.tensor;

/** What {@link RowKernels} dispatches to; arguments are already checked. Stateless and thread-safe. */
interface RowMath {
    String name();

    void softmax(Panel x, int rows, int columns);

    void softmaxBackward(Panel p, int rows, int columns, Panel dp);

    void layerNorm(LayerNorm norm, Panel x, int rows, Panel y);

    void layerNormBackward(LayerNorm norm, Panel x, int rows, Panel dy);

    void gelu(Panel x, int rows, int columns, Panel y);

    void geluBackward(Panel x, int rows, int columns, Panel dy);

    void axpy(float scale, Panel x, int rows, int columns, Panel y);

    void addRow(float[] row, Panel y, int rows);

    void scale(float factor, Panel x, int rows, int columns);

    double dot(Panel x, Panel y, int rows, int columns);

    void adamW(AdamWStep step, float[] parameters, float[] gradient, float[] first, float[] second);
}
