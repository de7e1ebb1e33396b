package dev.fedlora.lora.gguf;

import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Which tensor of a model is stored how, for one type asked for: llama.cpp's rules, so that the file is the one that its
 * quantizer makes.
 *
 * <ul>
 *   <li>Only weights of two dimensions or more change; norms, biases, position and type embeddings and what chooses among
 *       experts stay as they are.
 *   <li>Q4_K and Q5_K are llama.cpp's Q4_K_M and Q5_K_M: attn_v and ffn_down of the first and last eighth of the layers
 *       and of every third one between are Q6_K.
 *   <li>The output matrix, or the token embedding that takes its place, is Q6_K unless the type is Q8_0 or is not
 *       quantized.
 *   <li>A row that is not a whole number of blocks takes another type: Q5_0 for Q4_K, Q5_1 for Q5_K, Q8_0 for Q6_K, and
 *       F16 where that does not fit either. {@link Choice#unfitting()} tells.
 * </ul>
 *
 * Not covered: the larger types that llama.cpp gives to the attention of mixtures of 8 experts. Source: llama.cpp,
 * {@code llama-quant.cpp}. Immutable and thread-safe.
 */
public final class StoragePlan {
    private static final String WEIGHT = ".weight";
    private static final String OUTPUT = "output.weight";
    private static final String EMBEDDING = "token_embd.weight";
    private static final List<String> KEPT = List.of("position_embd.weight", "token_types.weight");
    private static final int LAYERS_OF_70B = 80; // its attn_v is shared by 8 heads, and takes Q5_K for Q4_K

    private final QuantizationType wanted;
    private final List<Choice> choices;

    private StoragePlan(QuantizationType wanted, List<Choice> choices) {
        this.wanted = wanted;
        this.choices = List.copyOf(choices);
    }

    /**
     * How one tensor is stored.
     *
     * @param tensor as it is now
     * @param type that it takes
     * @param unfitting the type that the rules give it, where its rows are not whole blocks of that
     */
    public record Choice(GgufTensor tensor, QuantizationType type, Optional<QuantizationType> unfitting) {
        /** Says whether the tensor has another type now. */
        public boolean changes() {
            return tensor.type() != type;
        }
    }

    /**
     * Returns the plan for {@code tensors} when {@code wanted} is asked for.
     *
     * @throws IllegalArgumentException when {@code wanted} is a type that cannot be written
     */
    public static StoragePlan of(List<GgufTensor> tensors, QuantizationType wanted) {
        fileType(wanted);
        List<GgufTensor> ordered = new ArrayList<>(tensors);
        ordered.sort(Comparator.comparingInt(StoragePlan::layer).thenComparing(GgufTensor::name));
        return new StoragePlan(wanted, new Rules(wanted, ordered).choices());
    }

    /** Returns the choices in the order in which llama.cpp writes tensors: those of no layer first, then by layer and name. */
    public List<Choice> choices() {
        return choices;
    }

    /** Returns llama.cpp's number for a file that is mostly of the type asked for: {@code general.file_type}. */
    public int fileType() {
        return fileType(wanted);
    }

    private static int fileType(QuantizationType wanted) {
        return switch (wanted) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q4_1 -> 3;
            case Q8_0 -> 7;
            case Q5_0 -> 8;
            case Q5_1 -> 9;
            case Q4_K -> 15;
            case Q5_K -> 17;
            case Q6_K -> 18;
            case BF16 -> 32;
            case Q2_K, Q3_K, Q8_K, TQ1_0, TQ2_0 ->
                throw new IllegalArgumentException(
                        "type %s cannot be written, this version writes %s".formatted(wanted, Quantizer.writable()));
        };
    }

    private static int layer(GgufTensor tensor) {
        String[] parts = tensor.name().split("\\.", 3);
        return parts.length == 3 && parts[0].equals("blk") && parts[1].matches("\\d{1,9}")
                ? Integer.parseInt(parts[1])
                : -1;
    }

    /** The rules on their way through the tensors: some types depend on how many of a kind there were before. */
    private static final class Rules {
        private final QuantizationType wanted;
        private final List<GgufTensor> tensors;
        private final int layers;
        private final boolean tied;
        private int valueWeights;
        private int downWeights;

        Rules(QuantizationType wanted, List<GgufTensor> ordered) {
            this.wanted = wanted;
            this.tensors = ordered;
            layers = 1 + ordered.stream().mapToInt(StoragePlan::layer).max().orElse(-1);
            tied = ordered.stream().noneMatch(tensor -> tensor.name().equals(OUTPUT));
        }

        List<Choice> choices() {
            return tensors.stream().map(this::choose).toList();
        }

        private Choice choose(GgufTensor tensor) {
            if (!isWeight(tensor)) {
                return new Choice(tensor, tensor.type(), Optional.empty());
            }
            if (wanted.blockSize() == 1) {
                return new Choice(tensor, wanted, Optional.empty());
            }
            QuantizationType rule = byName(tensor);
            QuantizationType fitting = fitting(tensor, rule);
            return new Choice(tensor, fitting, fitting == rule ? Optional.empty() : Optional.of(rule));
        }

        private static boolean isWeight(GgufTensor tensor) {
            String name = tensor.name();
            // trailing dimensions of 1 do not count
            return tensor.dimensions().stream().skip(1).anyMatch(size -> size > 1)
                    && name.endsWith(WEIGHT)
                    && !name.contains("_norm.weight")
                    && !name.contains("ffn_gate_inp.weight")
                    && !KEPT.contains(name);
        }

        private QuantizationType byName(GgufTensor tensor) {
            String name = tensor.name();
            if (name.equals(OUTPUT) || tied && name.equals(EMBEDDING)) {
                return ofOutput(tensor);
            }
            boolean mixed = wanted == QuantizationType.Q4_K || wanted == QuantizationType.Q5_K;
            if (name.contains("attn_v.weight")) {
                boolean more = mixed && takesMoreBits(valueWeights++, layers);
                QuantizationType plain =
                        layers == LAYERS_OF_70B && wanted == QuantizationType.Q4_K ? QuantizationType.Q5_K : wanted;
                return more ? QuantizationType.Q6_K : plain;
            }
            if (name.contains("ffn_down")) {
                boolean more = mixed && takesMoreBits(downWeights++, layers);
                return more ? QuantizationType.Q6_K : wanted;
            }
            return wanted;
        }

        private QuantizationType ofOutput(GgufTensor tensor) {
            if (tensor.columns() % wanted.blockSize() != 0) {
                return QuantizationType.Q8_0;
            }
            return wanted == QuantizationType.Q8_0 ? wanted : QuantizationType.Q6_K;
        }

        private static boolean takesMoreBits(int index, int count) {
            int eighth = count / 8;
            return index < eighth || index >= 7 * count / 8 || (index - eighth) % 3 == 2;
        }

        private static QuantizationType fitting(GgufTensor tensor, QuantizationType rule) {
            if (fits(tensor, rule)) {
                return rule;
            }
            QuantizationType smaller = switch (rule) {
                case Q4_K -> QuantizationType.Q5_0;
                case Q5_K -> QuantizationType.Q5_1;
                case Q6_K -> QuantizationType.Q8_0;
                default -> QuantizationType.F16;
            };
            return fits(tensor, smaller) ? smaller : QuantizationType.F16;
        }

        private static boolean fits(GgufTensor tensor, QuantizationType type) {
            return tensor.columns() % type.blockSize() == 0;
        }
    }
}
