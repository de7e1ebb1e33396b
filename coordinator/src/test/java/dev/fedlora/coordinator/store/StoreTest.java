package dev.fedlora.coordinator.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.coordinator.config.StartupException;
import dev.fedlora.coordinator.testing.Tasks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {
    private static final Instant NOW = Instant.ofEpochMilli(1_700_000_000_000L);
    private static final byte[] FIRST = {1, 2, 3};
    private static final byte[] SECOND = {4, 5, 6, 7};

    @TempDir
    Path folder;

    private Store store;
    private final TaskSpec spec = Tasks.secure("triage", 3);

    @BeforeEach
    void open() {
        store = Store.open(folder);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void createTask_readBack_sameSpecAndAdapter() {
        Bytes hash = store.createTask(spec, FIRST, 5, NOW);
        reopen();
        StoredTask task = store.tasks().find("triage").orElseThrow();
        assertThat(task.spec()).isEqualTo(spec);
        assertThat(task.state()).isEqualTo(TaskState.CREATED);
        assertThat(task.adapter()).isEqualTo(hash).isEqualTo(Bytes.sha256(FIRST));
        assertThat(store.adapters().find(hash)).hasValue(FIRST);
        assertThat(store.adapters().lineage("triage"))
                .containsExactly(
                        new AdapterVersion("triage", 0, hash, null, null, 5, 0, null, null, NOW.toEpochMilli()));
    }

    @Test
    void createTask_nameTaken_refusedAndUnchanged() {
        store.createTask(spec, FIRST, 5, NOW);
        assertThatThrownBy(() -> store.createTask(spec, SECOND, 5, NOW))
                .isInstanceOfSatisfying(
                        StoreException.class, e -> assertThat(e.reason()).isEqualTo(StoreException.Reason.CONSTRAINT));
        assertThat(store.adapters().find(Bytes.sha256(SECOND))).isEmpty();
    }

    @Test
    void finish_oneTransaction_storesVersionRoundAndNewestAdapter() {
        Bytes parent = store.createTask(spec, FIRST, 5, NOW);
        SessionId sid = sid(1);
        store.rounds().open("triage", 1, sid, new byte[] {9}, 0.5, NOW);
        finish(1, sid, parent);
        reopen();
        assertThat(store.tasks().find("triage").orElseThrow().adapter()).isEqualTo(Bytes.sha256(SECOND));
        StoredRound round = store.rounds().find(sid).orElseThrow();
        assertThat(round.state()).isEqualTo(RoundState.FINISHED);
        assertThat(round.survivors()).isEqualTo(4);
        assertThat(round.epsilon()).isEqualTo(0.5);
        assertThat(round.result()).isEqualTo(Bytes.of(new byte[] {8}));
        assertThat(store.adapters().lineage("triage")).hasSize(2).last().satisfies(version -> {
            assertThat(version.parent()).isEqualTo(parent);
            assertThat(version.plan()).isEqualTo(sid.value());
        });
        assertThat(store.rounds().finished("triage")).isEqualTo(1);
        assertThat(store.rounds().nextNumber("triage")).isEqualTo(2);
    }

    @Test
    void finish_roundNotOpen_nothingIsStored() {
        Bytes parent = store.createTask(spec, FIRST, 5, NOW);
        assertThatThrownBy(() -> finish(1, sid(1), parent)).hasMessage("round 1 of task triage is not open");
        assertThat(store.adapters().find(Bytes.sha256(SECOND))).isEmpty();
        assertThat(store.adapters().lineage("triage")).hasSize(1);
        assertThat(store.tasks().find("triage").orElseThrow().adapter()).isEqualTo(parent);
    }

    @Test
    void open_numberUsedOrAnotherOpen_refused() {
        store.createTask(spec, FIRST, 5, NOW);
        store.rounds().open("triage", 1, sid(1), new byte[0], null, NOW);
        assertThatThrownBy(() -> store.rounds().open("triage", 2, sid(2), new byte[0], null, NOW))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("opening round 2 of task triage");
        store.rounds().abort(closed(1), RoundAborted.Reason.TOO_FEW_CLIENTS, "2 of 3");
        assertThatThrownBy(() -> store.rounds().open("triage", 1, sid(2), new byte[0], null, NOW))
                .isInstanceOf(StoreException.class);
        assertThat(store.rounds().history("triage")).singleElement().satisfies(round -> {
            assertThat(round.reason()).isEqualTo(RoundAborted.Reason.TOO_FEW_CLIENTS);
            assertThat(round.detail()).isEqualTo("2 of 3");
        });
    }

    @Test
    void abortLeftOpen_afterRestart_abortsAndNeverReusesTheNumber() {
        store.createTask(spec, FIRST, 5, NOW);
        store.rounds().open("triage", 1, sid(1), new byte[0], null, NOW);
        reopen();
        assertThat(store.rounds().abortLeftOpen(NOW)).isEqualTo(1);
        assertThat(store.rounds().abortLeftOpen(NOW)).isZero();
        assertThat(store.rounds().find(sid(1)).orElseThrow().reason()).isEqualTo(RoundAborted.Reason.RESTARTED);
        assertThat(store.rounds().nextNumber("triage")).isEqualTo(2);
    }

    @Test
    void changeState_afterTheEnd_refused() {
        store.createTask(spec, FIRST, 5, NOW);
        store.tasks().changeState("triage", TaskState.BUDGET_EXHAUSTED, "spent", NOW);
        assertThatThrownBy(() -> store.tasks().changeState("triage", TaskState.RUNNING, null, NOW))
                .isInstanceOf(IllegalStateException.class);
        assertThat(store.tasks().find("triage").orElseThrow().detail()).isEqualTo("spent");
    }

    /** A file that may not grow is what SQLite makes of a full disk. */
    @Test
    void createTask_noSpaceLeft_oneClearErrorAndUnchanged() {
        store.limitPages(64);
        assertThatThrownBy(() -> store.createTask(spec, new byte[1 << 20], 5, NOW))
                .isInstanceOfSatisfying(
                        StoreException.class, e -> assertThat(e.reason()).isEqualTo(StoreException.Reason.FULL))
                .hasMessageContaining("no space left while creating task triage")
                .hasMessageContaining(Store.FILE);
        assertThat(store.tasks().list()).isEmpty();
        store.limitPages(1 << 20);
        store.createTask(spec, new byte[1 << 20], 5, NOW);
        reopen();
        assertThat(store.tasks().list()).hasSize(1);
    }

    @Test
    void createTask_lockedByAnotherProcess_oneClearErrorAndUnchanged() throws SQLException {
        try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve(Store.FILE));
                Statement statement = other.createStatement()) {
            statement.execute("begin immediate");
            assertThatThrownBy(() -> store.createTask(spec, FIRST, 5, NOW))
                    .isInstanceOfSatisfying(
                            StoreException.class, e -> assertThat(e.reason()).isEqualTo(StoreException.Reason.LOCKED))
                    .hasMessageContaining("locked by another process");
            statement.execute("rollback");
        }
        store.createTask(spec, FIRST, 5, NOW);
    }

    @Test
    void open_fileIsNoDatabase_startRefused() throws IOException {
        Path other = Files.createDirectory(folder.resolve("other"));
        Files.writeString(
                other.resolve(Store.FILE), "this is no database, and it is long enough to be read as one".repeat(20));
        assertThatThrownBy(() -> Store.open(other))
                .isInstanceOfSatisfying(
                        StartupException.class, e -> assertThat(e.reason()).isEqualTo(StartupException.Reason.STORE))
                .hasMessageContaining(other.resolve(Store.FILE).toString());
    }

    @Test
    void find_storedBytesDamaged_refused() throws SQLException {
        Bytes hash = store.createTask(spec, FIRST, 5, NOW);
        try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve(Store.FILE));
                Statement statement = other.createStatement()) {
            statement.execute("update adapter set bytes = x'00'");
        }
        assertThatThrownBy(() -> store.adapters().find(hash))
                .isInstanceOfSatisfying(
                        StoreException.class, e -> assertThat(e.reason()).isEqualTo(StoreException.Reason.DAMAGED));
    }

    private void finish(long number, SessionId sid, Bytes parent) {
        AdapterVersion version = new AdapterVersion(
                "triage", number, Bytes.sha256(SECOND), parent, sid.value(), 5, 4, 0.5, 1e-5, NOW.toEpochMilli());
        store.rounds().finish(closed(number), version, SECOND, Bytes.of(new byte[] {8}));
    }

    private static ClosedRound closed(long number) {
        return new ClosedRound(
                "triage", number, Map.of(Phase.KEYS, Duration.ofMillis(5)), Map.of(3L, new Traffic(10, 20)), NOW);
    }

    private static SessionId sid(int number) {
        return new SessionId(Bytes.sha256(new byte[] {(byte) number}));
    }

    private void reopen() {
        store.close();
        store = Store.open(folder);
    }
}
