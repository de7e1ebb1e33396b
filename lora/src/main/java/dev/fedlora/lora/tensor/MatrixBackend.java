package dev.fedlora.lora.tensor;

/** One way to compute matrix products. Thread-safe; opens a workspace for each worker thread. */
public interface MatrixBackend {
    /** Returns the name by which {@code --backend} selects it. */
    String name();

    /** Opens the products of one worker thread. */
    MatrixProducts open();
}
