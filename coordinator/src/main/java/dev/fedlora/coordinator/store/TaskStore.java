package dev.fedlora.coordinator.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.TaskSpec;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The tasks. Thread-safe. */
public final class TaskStore {
    private static final String COLUMNS = "select spec, state, detail, adapter from task ";

    private final Database database;

    TaskStore(Database database) {
        this.database = database;
    }

    /**
     * Adds a task that has not started.
     *
     * @throws StoreException with {@link StoreException.Reason#CONSTRAINT} when its name is taken
     */
    public void add(TaskSpec spec, Bytes initialAdapter, Instant now) {
        database.transaction(
                "adding task " + spec.task(),
                () -> database.update(
                        "insert into task (name, spec, state, adapter, created, changed) values (?, ?, ?, ?, ?, ?)",
                        spec.task(),
                        spec.toJson(),
                        TaskState.CREATED.label(),
                        initialAdapter.hex(),
                        now.toEpochMilli(),
                        now.toEpochMilli()));
    }

    /** Moves a task to {@code state}; a final state is never left. */
    public void changeState(String task, TaskState state, @Nullable String detail, Instant now) {
        database.transaction("moving task " + task + " to " + state.label(), () -> {
            int changed = database.update(
                    "update task set state = ?, detail = ?, changed = ? where name = ? and state in ('created', 'running')",
                    state.label(),
                    detail,
                    now.toEpochMilli(),
                    task);
            if (changed != 1) {
                throw new IllegalStateException("task " + task + " is unknown or has ended");
            }
            return changed;
        });
    }

    void changeAdapter(String task, Bytes adapter, Instant now) throws SQLException {
        database.update(
                "update task set adapter = ?, changed = ? where name = ?", adapter.hex(), now.toEpochMilli(), task);
    }

    /** Returns the task with this name. */
    public Optional<StoredTask> find(String task) {
        return database.first("reading task " + task, COLUMNS + "where name = ?", TaskStore::read, task);
    }

    /** Returns all tasks, sorted by name. */
    public List<StoredTask> list() {
        return database.list("reading tasks", COLUMNS + "order by name", TaskStore::read);
    }

    private static StoredTask read(ResultSet row) throws SQLException {
        try {
            return new StoredTask(
                    TaskSpec.ofJson(row.getString(1)),
                    TaskState.ofLabel(row.getString(2)),
                    row.getString(3),
                    Bytes.ofHex(row.getString(4)));
        } catch (JsonProcessingException e) {
            throw new SQLException("a stored task specification is damaged: " + e.getOriginalMessage(), e);
        }
    }
}
