package dev.fedlora.coordinator.store;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.SessionId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The rounds: open, finished and aborted. Thread-safe. */
public final class RoundStore {
    private static final String COLUMNS =
            "select task, number, sid, state, reason, detail, survivors, epsilon, opened, closed, result from round ";

    private final Database database;
    private final TaskStore tasks;
    private final AdapterStore adapters;

    RoundStore(Database database, TaskStore tasks, AdapterStore adapters) {
        this.database = database;
        this.tasks = tasks;
        this.adapters = adapters;
    }

    /** Returns the number for the next round of a task: 1 more than any that was ever used. */
    public long nextNumber(String task) {
        return database.first(
                        "reading rounds of task " + task,
                        "select coalesce(max(number), 0) + 1 from round where task = ?",
                        row -> row.getLong(1),
                        task)
                .orElseThrow();
    }

    /**
     * Records that a round is open.
     *
     * @param epsilon spent by the task when this round is counted, or null without a guarantee
     * @throws StoreException with {@link StoreException.Reason#CONSTRAINT} when the number is used or another round of
     *     the task is open
     */
    public void open(
            String task, long number, SessionId sid, byte[] signedPlan, @Nullable Double epsilon, Instant now) {
        database.transaction(
                "opening " + name(task, number),
                () -> database.update(
                        "insert into round (task, number, sid, plan, state, epsilon, opened)"
                                + " values (?, ?, ?, ?, 'open', ?, ?)",
                        task,
                        number,
                        sid.hex(),
                        signedPlan,
                        epsilon,
                        now.toEpochMilli()));
    }

    /** Records that an open round came to nothing. */
    public void abort(ClosedRound round, RoundAborted.Reason reason, String detail) {
        database.transaction("aborting " + name(round.task(), round.number()), () -> {
            close(
                    round,
                    "update round set state = 'aborted', reason = ?, detail = ?, closed = ?"
                            + " where task = ? and number = ? and state = 'open'",
                    label(reason),
                    detail,
                    round.closed().toEpochMilli(),
                    round.task(),
                    round.number());
            return round.number();
        });
    }

    /**
     * Records that an open round made a new adapter: blob, lineage, round and the task's newest adapter in one
     * transaction.
     *
     * @param round what is kept of it
     * @param version the new link of the lineage; its hash is that of {@code adapter}
     * @param adapter bytes
     * @param result what clients are told, as sent
     */
    public void finish(ClosedRound round, AdapterVersion version, byte[] adapter, Bytes result) {
        database.transaction("finishing " + name(round.task(), round.number()), () -> {
            Bytes hash = adapters.put(adapter);
            if (!hash.equals(version.hash())) {
                throw new IllegalStateException("version names adapter " + version.hash() + ", its bytes are " + hash);
            }
            adapters.addVersion(version);
            tasks.changeAdapter(round.task(), hash, round.closed());
            close(
                    round,
                    "update round set state = 'finished', survivors = ?, result = ?, closed = ?"
                            + " where task = ? and number = ? and state = 'open'",
                    version.survivors(),
                    result.toArray(),
                    round.closed().toEpochMilli(),
                    round.task(),
                    round.number());
            return round.number();
        });
    }

    private void close(ClosedRound round, String sql, @Nullable Object... arguments) throws SQLException {
        if (database.update(sql, arguments) != 1) {
            throw new IllegalStateException(name(round.task(), round.number()) + " is not open");
        }
        for (Map.Entry<Phase, Duration> phase : round.phases().entrySet()) {
            database.update(
                    "insert into round_phase (task, number, phase, millis) values (?, ?, ?, ?)",
                    round.task(),
                    round.number(),
                    phase.getKey().path(),
                    phase.getValue().toMillis());
        }
        for (Map.Entry<Long, Traffic> client : round.traffic().entrySet()) {
            database.update(
                    "insert into round_client (task, number, client, bytes_up, bytes_down) values (?, ?, ?, ?, ?)",
                    round.task(),
                    round.number(),
                    client.getKey(),
                    client.getValue().up(),
                    client.getValue().down());
        }
    }

    /**
     * Aborts every round that a former process left open.
     *
     * @return how many there were
     */
    public int abortLeftOpen(Instant now) {
        List<StoredRound> open =
                database.list("reading open rounds", COLUMNS + "where state = 'open'", RoundStore::read);
        for (StoredRound round : open) {
            ClosedRound closed = new ClosedRound(round.task(), round.number(), Map.of(), Map.of(), now);
            abort(closed, RoundAborted.Reason.RESTARTED, "the coordinator ended while this round was open");
        }
        return open.size();
    }

    /** Returns the rounds of a task in order. */
    public List<StoredRound> history(String task) {
        return database.list(
                "reading rounds of task " + task, COLUMNS + "where task = ? order by number", RoundStore::read, task);
    }

    /** Returns the round with this session id. */
    public Optional<StoredRound> find(SessionId sid) {
        return database.first("reading round " + sid, COLUMNS + "where sid = ?", RoundStore::read, sid.hex());
    }

    /** Returns how many rounds of a task made an adapter. */
    public int finished(String task) {
        return database.first(
                        "counting rounds of task " + task,
                        "select count(*) from round where task = ? and state = 'finished'",
                        row -> row.getInt(1),
                        task)
                .orElseThrow();
    }

    private static StoredRound read(ResultSet row) throws SQLException {
        String reason = row.getString(5);
        int survivors = row.getInt(7);
        boolean isFinished = !row.wasNull();
        long closed = row.getLong(10);
        boolean isClosed = !row.wasNull();
        byte @Nullable [] result = row.getBytes(11);
        return new StoredRound(
                row.getString(1),
                row.getLong(2),
                row.getString(3),
                RoundState.ofLabel(row.getString(4)),
                reason == null ? null : reasonOfLabel(reason),
                row.getString(6),
                isFinished ? survivors : null,
                AdapterStore.doubleOrNull(row, 8),
                row.getLong(9),
                isClosed ? closed : null,
                result == null ? null : Bytes.of(result));
    }

    /** The name in the store, such as {@code too-few-clients}. */
    private static String label(RoundAborted.Reason reason) {
        return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static RoundAborted.Reason reasonOfLabel(String label) {
        return RoundAborted.Reason.valueOf(label.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    private static String name(String task, long number) {
        return "round " + number + " of task " + task;
    }
}
