/**
 * Local training: one participant's passes over its own examples, plain or differentially private, and evaluation.
 *
 * <p>Vocabulary: a <em>round</em> is one call of a trainer between two exchanges with the others; a <em>step</em> is one
 * update of the parameters; a <em>group</em> is the unit that privacy protects, one example or all examples of one person;
 * a <em>shard</em> is the part of a batch that one worker thread computes, a <em>micro-batch</em> what goes through the model
 * at once; an example <em>counts</em> with one loss for its class, or with one for each token of it that is to be predicted.
 *
 * <p>Start at {@link dev.fedlora.lora.train.LocalTrainer}, which names neither transformers nor this engine; {@link
 * dev.fedlora.lora.train.LoraTrainer} is the engine's. {@link dev.fedlora.lora.train.WorkerPool} holds the threads and
 * their memory and may serve several trainers; {@link dev.fedlora.lora.train.MemoryPlan} fits them into a budget, {@link
 * dev.fedlora.lora.train.CheckpointStore} keeps a training that may be interrupted.
 *
 * <p>Rules: no clock, no hidden randomness; the same arguments give the same bytes on the same platform, whatever the
 * number of threads. Randomness that protects people comes from the caller through {@link
 * dev.fedlora.lora.train.PrivateRandomness}.
 *
 * <p>Sources: Loshchilov, Hutter, Decoupled Weight Decay Regularization, ICLR 2019 (arXiv 1711.05101); Abadi et al., Deep
 * Learning with Differential Privacy, CCS 2016 (arXiv 1607.00133); Sun et al., Improving LoRA in Privacy-preserving Federated
 * Learning, ICLR 2024 (arXiv 2403.12313).
 */
@NullMarked
package dev.fedlora.lora.train;

import org.jspecify.annotations.NullMarked;
