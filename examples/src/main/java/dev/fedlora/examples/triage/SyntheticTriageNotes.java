package dev.fedlora.examples.triage;

import dev.fedlora.lora.data.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * SYNTHETIC triage notes of nine hospital departments, made from phrases by a seeded generator: about nobody, free to use.
 *
 * <p>What makes them worth federating: the label is where the patient goes from triage, each department sees a skewed mix
 * of the seven labels (some never), in a style and with half of the phrases of its own, and the test set has all labels
 * from all departments alike. One department alone cannot learn that; together they can.
 *
 * <p>Same seed, same notes. Immutable, thread-safe.
 */
public final class SyntheticTriageNotes {
    private static final List<String> REMARKS = List.of(
            "bloods sent",
            "family present",
            "observations charted",
            "no known allergies",
            "seen with the nurse",
            "history from the partner",
            "usual medication continued",
            "interpreter used",
            "discussed with the senior",
            "waiting forty minutes",
            "walked in",
            "arrived by ambulance");

    /** Each department knows this many of a disposition's findings; what it lacks, others have. */
    private static final int FINDINGS_KNOWN = 6;

    private final long seed;

    /** Makes the notes that belong to {@code seed}. */
    public SyntheticTriageNotes(long seed) {
        this.seed = seed;
    }

    /** Returns the labels, sorted. */
    public static List<String> labels() {
        return Arrays.stream(Disposition.values())
                .map(Disposition::label)
                .sorted()
                .toList();
    }

    /** Returns the departments' names, in their order. */
    public static List<String> departments() {
        return Arrays.stream(Department.values())
                .map(SyntheticTriageNotes::name)
                .toList();
    }

    /**
     * Returns what each department has to train on.
     *
     * @param notes for each department, at least 1
     */
    public Map<String, List<Example>> training(int notes) {
        requireAtLeastOne(notes);
        Map<String, List<Example>> byDepartment = new LinkedHashMap<>();
        for (Department department : Department.values()) {
            SplittableRandom random = new SplittableRandom(seed + 31L * department.ordinal());
            List<Example> own = new ArrayList<>();
            for (int i = 0; i < notes; i++) {
                own.add(note(department, drawn(department, random), i, random));
            }
            byDepartment.put(name(department), List.copyOf(own));
        }
        return byDepartment;
    }

    /**
     * Returns the common test set: every label from every department equally often, as near as {@code notes} allows.
     *
     * @param notes in all, at least 1
     */
    public List<Example> test(int notes) {
        requireAtLeastOne(notes);
        // far from the seeds of training()
        SplittableRandom random = new SplittableRandom(~seed);
        Department[] departments = Department.values();
        Disposition[] dispositions = Disposition.values();
        List<Example> all = new ArrayList<>();
        for (int i = 0; i < notes; i++) {
            Department department = departments[i % departments.length];
            Disposition disposition = dispositions[i / departments.length % dispositions.length];
            all.add(note(department, disposition, i, random));
        }
        return List.copyOf(all);
    }

    private static Disposition drawn(Department department, SplittableRandom random) {
        int ticket = random.nextInt(100);
        for (Disposition disposition : Disposition.values()) {
            ticket -= department.share(disposition);
            if (ticket < 0) {
                return disposition;
            }
        }
        throw new IllegalStateException("the shares of " + department + " do not add up to 100");
    }

    private static Example note(Department department, Disposition disposition, int number, SplittableRandom random) {
        int age = department == Department.PAEDIATRICS ? random.nextInt(1, 15) : random.nextInt(18, 95);
        String text = any(department.templates(), random)
                .formatted(
                        age,
                        any(department.complaints(), random),
                        finding(department, disposition, random),
                        any(REMARKS, random));
        String id = "%s-%d".formatted(name(department), number + 1);
        return new Example(name(department), text, disposition.label(), null, id);
    }

    /** Departments begin at different places of the list and go round: each finding is known to about half of them. */
    private static String finding(Department department, Disposition disposition, SplittableRandom random) {
        List<String> findings = disposition.findings();
        return findings.get((department.ordinal() + random.nextInt(FINDINGS_KNOWN)) % findings.size());
    }

    private static String any(List<String> choices, SplittableRandom random) {
        return choices.get(random.nextInt(choices.size()));
    }

    private static String name(Department department) {
        return department.name().toLowerCase(Locale.ROOT);
    }

    private static void requireAtLeastOne(int notes) {
        if (notes < 1) {
            throw new IllegalArgumentException("the number of notes must be at least 1, got " + notes);
        }
    }
}
