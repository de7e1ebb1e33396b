package dev.fedlora.cli.adapter;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.AdapterForm;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.LoraFactors;
import dev.fedlora.lora.LoraScaling;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * An adapter in numbers.
 *
 * @param bytes on the disk
 */
record AdapterAnswer(LoraAdapter adapter, AdapterForm form, long bytes) {
    Answer answer() {
        return Answer.of(json(), text());
    }

    private ObjectNode json() {
        ObjectNode json = Answer.object();
        json.put("form", formName());
        json.put("architecture", adapter.architecture());
        json.put("baseSha256", adapter.baseSha256());
        json.put("sha256", AdapterBytes.sha256(adapter));
        json.put("rank", adapter.spec().rank());
        json.put("alpha", adapter.spec().alpha());
        json.put("scaling", scalingName());
        adapter.spec().targets().forEach(json.putArray("targets")::add);
        json.put("parameters", adapter.parameterCount());
        json.put("bytes", bytes);
        if (adapter.head() != null) {
            adapter.head().labels().forEach(json.putArray("labels")::add);
        }
        ArrayNode kinds = json.putArray("kinds");
        byTarget().forEach((target, factors) -> addKind(kinds.addObject().put("target", target), factors));
        ArrayNode tensors = json.putArray("tensors");
        for (LoraFactors factors : adapter.factors()) {
            ObjectNode entry = tensors.addObject();
            entry.put("name", factors.tensor());
            entry.put("rank", factors.rank());
            entry.put("inputs", factors.inputs());
            entry.put("outputs", factors.outputs());
            entry.put("alpha", adapter.spec().alpha(factors.tensor()));
            entry.put("scale", adapter.spec().scale(factors));
            entry.put("norm", factors.productNorm());
        }
        return json;
    }

    private void addKind(ObjectNode json, List<LoraFactors> factors) {
        json.put("tensors", factors.size());
        distinct(factors, LoraFactors::rank)
                .forEach(rank -> json.withArray("ranks").add(rank.intValue()));
        distinct(factors, f -> adapter.spec().alpha(f.tensor())).forEach(json.putArray("alphas")::add);
        distinct(factors, f -> adapter.spec().scale(f)).forEach(json.putArray("scales")::add);
        json.put(
                "norm",
                Math.sqrt(factors.stream()
                        .mapToDouble(f -> square(f.productNorm()))
                        .sum()));
        json.put("parameters", parameters(factors));
    }

    private String text() {
        List<String> lines = new ArrayList<>();
        lines.add("%s adapter for %s, rank %d, alpha %s%s, %,d parameters, %,d bytes"
                .formatted(
                        formName(),
                        adapter.architecture(),
                        adapter.spec().rank(),
                        adapter.spec().alpha(),
                        adapter.spec().scaling() == LoraScaling.STANDARD ? "" : " (rank-stabilized)",
                        adapter.parameterCount(),
                        bytes));
        lines.add("adapter " + AdapterBytes.sha256(adapter));
        lines.add("base    " + adapter.baseSha256());
        if (adapter.head() != null) {
            lines.add("labels  " + adapter.head().labels());
        }
        byTarget()
                .forEach((target, factors) ->
                        lines.add("%-14s %d tensors, ranks %s, alphas %s, scales %s, %,d parameters"
                                .formatted(
                                        target,
                                        factors.size(),
                                        distinct(factors, LoraFactors::rank).stream()
                                                .map(Double::intValue)
                                                .toList(),
                                        distinct(factors, f -> adapter.spec().alpha(f.tensor())),
                                        distinct(factors, f -> adapter.spec().scale(f)),
                                        parameters(factors))));
        for (LoraFactors f : adapter.factors()) {
            lines.add("%-32s %d x %d, rank %d, scale %s, norm of B A %.6g"
                    .formatted(
                            f.tensor(),
                            f.outputs(),
                            f.inputs(),
                            f.rank(),
                            adapter.spec().scale(f),
                            f.productNorm()));
        }
        return String.join(System.lineSeparator(), lines);
    }

    private Map<String, List<LoraFactors>> byTarget() {
        Map<String, List<LoraFactors>> byTarget = new TreeMap<>();
        for (LoraFactors factors : adapter.factors()) {
            byTarget.computeIfAbsent(
                            factors.tensor().split("\\.", -1)[2], target -> new ArrayList<>()) // blk.N.TARGET.weight
                    .add(factors);
        }
        return byTarget;
    }

    private static List<Double> distinct(List<LoraFactors> factors, ToDoubleFunction<LoraFactors> value) {
        return factors.stream().mapToDouble(value).distinct().sorted().boxed().toList();
    }

    private static long parameters(List<LoraFactors> factors) {
        return factors.stream()
                .mapToLong(f -> (long) f.a().length + f.b().length)
                .sum();
    }

    private static double square(double value) {
        return value * value;
    }

    private String formName() {
        return form.name().toLowerCase(Locale.ROOT);
    }

    private String scalingName() {
        return adapter.spec().scaling() == LoraScaling.STANDARD ? "standard" : "rank-stabilized";
    }
}
