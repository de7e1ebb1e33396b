package dev.fedlora.privacy.accounting;

import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The kinds of accountant there are, by name. */
public final class Accountants {
    /** The one that is used when none is named. */
    public static final String DEFAULT = "rdp";

    private static final Map<String, Supplier<Accountant>> KINDS = new TreeMap<>(Map.of("rdp", RdpAccountant::new));

    private Accountants() {}

    /**
     * Returns an accountant of the kind {@code name} that has nothing to account for yet.
     *
     * @throws IllegalArgumentException when there is no such kind, with the list of those there are
     */
    public static Accountant named(String name) {
        Supplier<Accountant> kind = KINDS.get(name);
        if (kind == null) {
            throw new IllegalArgumentException("accountant is \"" + name + "\", must be one of " + names());
        }
        return kind.get();
    }

    /** The names that {@link #named} knows, in alphabetical order. */
    public static Set<String> names() {
        return Collections.unmodifiableSet(KINDS.keySet());
    }
}
