/**
 * Matrix products over frozen, quantized weights, and what a transformer does to rows between them.
 *
 * <p>Vocabulary: a <em>back end</em> is one way to compute products; a <em>panel</em> is a row-major matrix inside a
 * longer array; a <em>tile</em> is the part of a weight that is dequantized at a time. Start at {@link
 * dev.fedlora.lora.tensor.MatrixBackends}, {@link dev.fedlora.lora.tensor.MatrixProducts} and {@link
 * dev.fedlora.lora.tensor.RowKernels}.
 *
 * <p>Rules: plain code in double specifies every product and every kernel, and each fast twin is tested against it. Only
 * classes named Vector use the incubator module {@code jdk.incubator.vector}: they are compiled apart and loaded by name,
 * so that the package works without it. Only classes named OneDnn, Native and Nd4j touch native libraries; none of them
 * is loaded before its back end is asked for or measured, and ND4J never unless asked for or left alone.
 *
 * <p>Sources: Goto, van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008; oneDNN's
 * developer guide; JEP 338.
 */
@NullMarked
package dev.fedlora.lora.tensor;

import org.jspecify.annotations.NullMarked;
