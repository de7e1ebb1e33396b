package dev.fedlora.coordinator.store;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.coordinator.config.StartupException;
import java.nio.file.Path;
import java.time.Instant;

/** The coordinator's memory: one SQLite file in its data directory. Thread-safe. */
public final class Store implements AutoCloseable {
    /** Name of the database in the data directory. */
    public static final String FILE = "coordinator.db";

    private final Database database;
    private final TaskStore tasks;
    private final AdapterStore adapters;
    private final RoundStore rounds;

    private Store(Database database) {
        this.database = database;
        this.tasks = new TaskStore(database);
        this.adapters = new AdapterStore(database);
        this.rounds = new RoundStore(database, tasks, adapters);
    }

    /**
     * Opens or creates the store of a data directory that this process has claimed.
     *
     * @throws StartupException when the file cannot be opened, is damaged or was made by a newer version
     */
    public static Store open(Path dataDirectory) {
        return new Store(Database.open(dataDirectory.resolve(FILE)));
    }

    /** Returns the tasks. */
    public TaskStore tasks() {
        return tasks;
    }

    /** Returns the rounds. */
    public RoundStore rounds() {
        return rounds;
    }

    /** Returns the adapters. */
    public AdapterStore adapters() {
        return adapters;
    }

    /**
     * Adds a task with the adapter it begins with, in one transaction.
     *
     * @return the adapter's hash
     * @throws StoreException with {@link StoreException.Reason#CONSTRAINT} when the task's name is taken
     */
    public Bytes createTask(TaskSpec spec, byte[] initialAdapter, int cohort, Instant now) {
        return database.transaction("creating task " + spec.task(), () -> {
            Bytes hash = adapters.put(initialAdapter);
            tasks.add(spec, hash, now);
            adapters.addVersion(
                    new AdapterVersion(spec.task(), 0, hash, null, null, cohort, 0, null, null, now.toEpochMilli()));
            return hash;
        });
    }

    /** Lets the file have {@code pages} pages at most; SQLite then reports a full disk. */
    void limitPages(int pages) {
        database.list("limiting the file", "pragma max_page_count = " + pages, row -> row.getInt(1));
    }

    @Override
    public void close() {
        database.close();
    }
}
