package dev.fedlora.lora;

import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a LoRA adapter adds to which linear layers: y = W x + s B (A x), where s is alpha / rank, or alpha / √rank.
 *
 * <p>Rank and alpha hold for every layer that no pattern names. The key of a pattern is a target ({@code attn_q}: that
 * layer of every block) or a whole tensor name ({@code blk.3.attn_q.weight}), and the whole name goes before the target.
 *
 * @param rank columns of B and rows of A, at least 1
 * @param alpha numerator of the scale, positive and finite
 * @param targets short GGUF names of the layers that are adapted in every block, such as {@code attn_q}; sorted, no
 *     repeats
 * @param scaling how alpha and rank make the scale; {@link LoraScaling#STANDARD} when left out
 * @param rankPattern ranks that differ, each at least 1; sorted by key, empty when left out
 * @param alphaPattern alphas that differ, each positive and finite; sorted by key, empty when left out
 */
public record AdapterSpec(
        int rank,
        float alpha,
        List<String> targets,
        LoraScaling scaling,
        Map<String, Integer> rankPattern,
        Map<String, Float> alphaPattern) {
    private static final Pattern TENSOR = Pattern.compile("blk\\.\\d{1,5}\\.([^.]+)\\.weight");

    /** @throws IllegalArgumentException when a value is out of its range, or a pattern names what is no target */
    public AdapterSpec {
        requireRank("rank", rank);
        requireAlpha("alpha", alpha);
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("targets must name at least one linear layer, such as attn_q");
        }
        targets = targets.stream().distinct().sorted().toList();
        scaling = orElse(scaling, LoraScaling.STANDARD);
        rankPattern = Collections.unmodifiableMap(new TreeMap<>(orElse(rankPattern, Map.of())));
        alphaPattern = Collections.unmodifiableMap(new TreeMap<>(orElse(alphaPattern, Map.of())));
        List<String> known = targets;
        Consumer<String> requireTarget = key -> requireTarget(key, known);
        rankPattern.keySet().forEach(requireTarget);
        alphaPattern.keySet().forEach(requireTarget);
        rankPattern.forEach((key, value) -> requireRank("rankPattern." + key, value));
        alphaPattern.forEach((key, value) -> requireAlpha("alphaPattern." + key, value));
    }

    /** One rank and one alpha for all layers, with the standard scale alpha / rank. */
    public AdapterSpec(int rank, float alpha, List<String> targets) {
        this(rank, alpha, targets, LoraScaling.STANDARD, Map.of(), Map.of());
    }

    /**
     * Returns the spec of factors that are there already, with as few patterns as say how they differ from {@code rank}
     * and {@code alpha}.
     *
     * @param rank of the factors that no pattern is to name
     * @param alpha of the factors that no pattern is to name
     * @param alphas alpha of each tensor in {@code factors}
     * @throws IllegalArgumentException when a value is out of its range, or there are no factors
     */
    public static AdapterSpec describing(
            List<LoraFactors> factors, int rank, float alpha, LoraScaling scaling, Map<String, Float> alphas) {
        Map<String, Integer> ranks = new TreeMap<>();
        factors.forEach(f -> ranks.put(f.tensor(), f.rank()));
        List<String> targets = factors.stream().map(f -> target(f.tensor())).toList();
        return new AdapterSpec(rank, alpha, targets, scaling, pattern(ranks, rank), pattern(alphas, alpha));
    }

    private static <T> Map<String, T> pattern(Map<String, T> values, T otherwise) {
        Map<String, Set<T>> byTarget = new TreeMap<>();
        values.forEach((tensor, value) ->
                byTarget.computeIfAbsent(target(tensor), t -> new HashSet<>()).add(value));
        Map<String, T> pattern = new TreeMap<>();
        values.forEach((tensor, value) -> {
            if (!value.equals(otherwise)) {
                boolean uniform =
                        byTarget.getOrDefault(target(tensor), Set.of()).size() == 1;
                pattern.put(uniform ? target(tensor) : tensor, value);
            }
        });
        return pattern;
    }

    /** Says whether rank, alpha and targets say it all: standard scaling, no patterns. */
    public boolean plain() {
        return scaling == LoraScaling.STANDARD && rankPattern.isEmpty() && alphaPattern.isEmpty();
    }

    /** Returns the rank of the factors of {@code tensor}, a whole name such as {@code blk.0.attn_q.weight}. */
    public int rank(String tensor) {
        return find(rankPattern, tensor, rank);
    }

    /** Returns the alpha of the factors of {@code tensor}. */
    public float alpha(String tensor) {
        return find(alphaPattern, tensor, alpha);
    }

    /** Returns what B (A x) of {@code factors} is multiplied by; the rank in it is that of the factors. */
    public float scale(LoraFactors factors) {
        return scaling.scale(alpha(factors.tensor()), factors.rank());
    }

    private static <T> T find(Map<String, T> pattern, String tensor, T otherwise) {
        T own = pattern.get(tensor);
        return own != null ? own : pattern.getOrDefault(target(tensor), otherwise);
    }

    private static String target(String tensor) {
        Matcher name = TENSOR.matcher(tensor);
        return name.matches() ? name.group(1) : tensor;
    }

    // what reads a spec from JSON gives null for what is left out
    private static <T> T orElse(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    private static void requireTarget(String key, List<String> targets) {
        if (!targets.contains(target(key))) {
            throw new IllegalArgumentException(
                    "a pattern names %s, which is neither one of the targets %s nor a tensor of one, such as blk.0.%s.weight"
                            .formatted(key, targets, targets.get(0)));
        }
    }

    private static void requireRank(String what, @Nullable Integer rank) {
        if (rank == null || rank < 1) {
            throw new IllegalArgumentException(what + " must be at least 1, got " + rank);
        }
    }

    private static void requireAlpha(String what, @Nullable Float alpha) {
        if (alpha == null || !(alpha > 0) || Float.isInfinite(alpha)) {
            throw new IllegalArgumentException(what + " must be positive and finite, got " + alpha);
        }
    }
}
