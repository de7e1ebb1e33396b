package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.QuantizedMatrix;
import java.util.List;

/**
 * One of several linear layers that read the same input x (R × K), with the LoRA factors laid over it:
 *
 * <pre>
 * y = x Wᵀ + s (x Aᵀ) Bᵀ
 * </pre>
 *
 * @param weight W, N × K
 * @param output R × N: y, written on the way forward; dy, read on the way back
 * @param runs which rows have which factors, ascending and without overlap; rows outside every run have W alone
 */
public record AdaptedLayer(QuantizedMatrix weight, Panel output, List<LoraRun> runs) {}
