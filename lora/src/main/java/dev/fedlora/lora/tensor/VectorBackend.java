package dev.fedlora.lora.tensor;

/** Products on the Vector API in single precision. Thread-safe. */
final class VectorBackend implements MatrixBackend {
    @Override
    public String name() {
        return "vector";
    }

    @Override
    public MatrixProducts open() {
        return new VectorProducts();
    }
}
