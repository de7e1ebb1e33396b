package dev.fedlora.examples.triage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.data.Example;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SyntheticTriageNotesTest {
    private final SyntheticTriageNotes notes = new SyntheticTriageNotes(1);

    @Test
    void training_sameSeed_sameNotes() {
        assertThat(new SyntheticTriageNotes(1).training(30)).isEqualTo(notes.training(30));
        assertThat(new SyntheticTriageNotes(1).test(50)).isEqualTo(notes.test(50));
        assertThat(new SyntheticTriageNotes(2).training(30)).isNotEqualTo(notes.training(30));
    }

    @Test
    void training_nineDepartments_eachItsOwnNotesOfKnownLabels() {
        Map<String, List<Example>> byDepartment = notes.training(80);
        assertThat(byDepartment.keySet()).containsExactlyElementsOf(SyntheticTriageNotes.departments());
        assertThat(byDepartment).hasSize(9);
        byDepartment.forEach((department, own) -> {
            assertThat(own).hasSize(80);
            assertThat(own).allSatisfy(note -> {
                assertThat(note.client()).isEqualTo(department);
                assertThat(SyntheticTriageNotes.labels()).contains(note.label());
                assertThat(note.text()).isNotBlank().doesNotContain("%");
            });
        });
    }

    @Test
    void training_everyDepartment_lacksALabelThatTheTestHas() {
        notes.training(80)
                .forEach((department, own) -> assertThat(counts(own).keySet())
                        .as(department)
                        .hasSizeLessThan(SyntheticTriageNotes.labels().size()));
        assertThat(counts(notes.test(300)).keySet()).containsExactlyInAnyOrderElementsOf(SyntheticTriageNotes.labels());
    }

    @Test
    void training_allDepartments_haveEveryFindingTogether() {
        String everything = notes.training(400).values().stream()
                .flatMap(List::stream)
                .map(Example::text)
                .collect(Collectors.joining("\n"));
        for (Disposition disposition : Disposition.values()) {
            assertThat(disposition.findings())
                    .allSatisfy(finding -> assertThat(everything).contains(finding));
        }
    }

    @Test
    void test_wholeTurns_allLabelsEquallyOften() {
        assertThat(counts(notes.test(9 * 7 * 5)).values()).containsOnly(45L);
    }

    @Test
    void shares_everyDepartment_addUpToAHundred() {
        for (Department department : Department.values()) {
            int sum = Arrays.stream(Disposition.values())
                    .mapToInt(department::share)
                    .sum();
            assertThat(sum).as(department.name()).isEqualTo(100);
        }
    }

    @Test
    void findings_acrossDispositions_areDistinct() {
        List<String> all = Arrays.stream(Disposition.values())
                .flatMap(disposition -> disposition.findings().stream())
                .toList();
        assertThat(all).doesNotHaveDuplicates();
    }

    @Test
    void training_noNotes_isRefused() {
        assertThatThrownBy(() -> notes.training(0)).hasMessageContaining("at least 1, got 0");
    }

    private static Map<String, Long> counts(List<Example> examples) {
        return examples.stream().collect(Collectors.groupingBy(Example::label, Collectors.counting()));
    }
}
