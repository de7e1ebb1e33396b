/**
 * The training step of {@code fedlora bench train}, written in PyTorch, to compare with.
 *
 * <p>Vocabulary: B examples of T tokens make a step; D is the model's width, V its vocabulary, H the heads of the
 * queries, K those of keys and values, R the rank of the adapter. Matrices are rows × columns, and a weight has a row
 * for every output, as PyTorch stores it.
 *
 * <p>Memory: libtorch's tensors are freed when the {@link org.bytedeco.javacpp.PointerScope} closes in which their Java
 * objects were made; what autograd needs, it holds itself. So every block and every loss has a scope of its own, as
 * a Python function's local variables go when it returns.
 *
 * <p>Start at {@link dev.fedlora.peer.TrainingStep}. Sources: H. Touvron and others, "LLaMA", 2023, arXiv:2302.13971,
 * and E. Hu and others, "LoRA", ICLR 2022, arXiv:2106.09685, in the arrangement of the transformers and PEFT libraries.
 */
@NullMarked
package dev.fedlora.peer;

import org.jspecify.annotations.NullMarked;
