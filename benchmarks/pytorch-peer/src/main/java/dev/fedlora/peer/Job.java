package dev.fedlora.peer;

/**
 * What is measured.
 *
 * @param shape the model
 * @param type of the base
 * @param batch examples in a step, B
 * @param tokens of an example, T
 * @param warmUpSteps that are not timed: libtorch prepares its kernels
 * @param steps that are timed
 * @param threads that libtorch uses inside an operation
 */
record Job(ModelShape shape, BaseType type, int batch, int tokens, int warmUpSteps, int steps, int threads) {
    /** @throws IllegalArgumentException naming the first value that is too small */
    Job {
        require("--batch", batch);
        require("--tokens", tokens);
        // the step that begins from the untrained adapter is the one whose loss is known beforehand
        require("--warm-up", warmUpSteps);
        require("--steps", steps);
        require("--threads", threads);
    }

    int tokensPerStep() {
        return Math.multiplyExact(batch, tokens);
    }

    private static void require(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("%s: got %d, allowed: 1 or more".formatted(name, value));
        }
    }
}
