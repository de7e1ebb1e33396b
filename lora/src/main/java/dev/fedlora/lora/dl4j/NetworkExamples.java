package dev.fedlora.lora.dl4j;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Examples as Deeplearning4j's networks take them, and whom each is about. Private data: {@link #toString} prints none of
 * it. Immutable; the data are copied.
 */
public final class NetworkExamples {
    private final List<DataSet> examples;
    private final List<List<DataSet>> groups;

    private NetworkExamples(List<DataSet> examples, List<List<DataSet>> groups) {
        this.examples = examples;
        this.groups = groups;
    }

    /**
     * Takes examples that are each a unit of privacy by themselves.
     *
     * @param data features and labels, examples along the first dimension
     * @throws IllegalArgumentException when there are no examples, features and labels differ in number, or a value is not
     *     finite
     */
    public static NetworkExamples of(DataSet data) {
        List<@Nullable String> nobody = new ArrayList<>();
        for (int i = 0; i < data.numExamples(); i++) {
            nobody.add(null);
        }
        return grouped(data, nobody);
    }

    /**
     * Takes examples of which several may be about one person: those of one name are one unit of privacy.
     *
     * @param names one an example; null for an example that is alone in being about somebody
     * @throws IllegalArgumentException as {@link #of} does, and when there is not one name an example
     */
    public static NetworkExamples grouped(DataSet data, List<@Nullable String> names) {
        if (data.getFeatures() == null || data.getLabels() == null || data.numExamples() == 0) {
            throw new IllegalArgumentException("there are no examples with features and labels");
        }
        long labels = data.getLabels().size(0);
        if (labels != data.numExamples() || names.size() != data.numExamples()) {
            throw new IllegalArgumentException(
                    "%d examples got %d labels and %d names".formatted(data.numExamples(), labels, names.size()));
        }
        List<DataSet> examples = data.copy().asList();
        for (int i = 0; i < examples.size(); i++) {
            requireFinite(
                    i, "features", examples.get(i).getFeatures().dup().data().asDouble());
            requireFinite(i, "labels", examples.get(i).getLabels().dup().data().asDouble());
        }
        return new NetworkExamples(examples, groups(examples, names));
    }

    private static List<List<DataSet>> groups(List<DataSet> examples, List<@Nullable String> names) {
        List<List<DataSet>> groups = new ArrayList<>();
        Map<String, List<DataSet>> named = new LinkedHashMap<>();
        for (int i = 0; i < examples.size(); i++) {
            String name = names.get(i);
            List<DataSet> group = name == null ? null : named.get(name);
            if (group == null) {
                group = new ArrayList<>();
                groups.add(group);
                if (name != null) {
                    named.put(name, group);
                }
            }
            group.add(examples.get(i));
        }
        return groups;
    }

    private static void requireFinite(int example, String what, double[] values) {
        for (double value : values) {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("example %d has %s that are not finite".formatted(example, what));
            }
        }
    }

    /** Returns the number of examples. */
    public int count() {
        return examples.size();
    }

    /** Returns all examples, each a batch of one. */
    List<DataSet> examples() {
        return examples;
    }

    /** Returns the units of privacy, in the order of their first examples. */
    List<List<DataSet>> groups() {
        return groups;
    }

    /** Says how many there are. */
    @Override
    public String toString() {
        return "NetworkExamples[" + examples.size() + " examples]";
    }
}
