package dev.fedlora.examples.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.client.RoundReport;
import dev.fedlora.client.TaskReport;
import java.nio.file.Path;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkshopStoryTest {
    @TempDir
    private Path folder;

    @Test
    void tell_threeWorkshops_haveANetworkBetterThanAnyAlone() throws Exception {
        WorkshopStory.Ending ending = new WorkshopStory(folder).tell();

        for (TaskReport report : ending.reports()) {
            assertThat(report.rounds()).hasSize(6).allSatisfy(round -> {
                assertThat(round.outcome()).isEqualTo(RoundReport.Outcome.FINISHED);
                assertThat(round.survivors()).containsExactly(1L, 2L, 3L);
            });
            assertThat(report.adapterHash()).isEqualTo(ending.reports().get(0).adapterHash());
        }
        assertThat(ending.federated())
                .isGreaterThan(ending.before() + 0.1)
                .isGreaterThan(Collections.max(ending.alone()) + 0.1);
    }
}
