/**
 * How fast a LoRA training step of the engine is, on random weights of a published model's shape: the same job that the
 * PyTorch program in benchmarks/pytorch-peer does, so that the two can be compared.
 *
 * <p>Start at {@code TrainingBenchmark}. Every measurement checks its own result.
 */
@NullMarked
package dev.fedlora.benchmarks.training;

import org.jspecify.annotations.NullMarked;
