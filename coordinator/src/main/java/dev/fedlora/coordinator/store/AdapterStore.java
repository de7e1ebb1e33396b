package dev.fedlora.coordinator.store;

import dev.fedlora.aggregation.wire.Bytes;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Adapters named by their hash, and the lineage of each task. Thread-safe. */
public final class AdapterStore {
    private final Database database;

    AdapterStore(Database database) {
        this.database = database;
    }

    /** Stores an adapter, unless it is there, and returns its hash. */
    Bytes put(byte[] adapter) throws SQLException {
        Bytes hash = Bytes.sha256(adapter);
        database.update("insert into adapter (hash, bytes) values (?, ?) on conflict do nothing", hash.hex(), adapter);
        return hash;
    }

    void addVersion(AdapterVersion version) throws SQLException {
        database.update(
                "insert into adapter_version (task, round, hash, parent, plan, cohort, survivors, epsilon, delta, created)"
                        + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                version.task(),
                version.round(),
                version.hash().hex(),
                hexOrNull(version.parent()),
                hexOrNull(version.plan()),
                version.cohort(),
                version.survivors(),
                version.epsilon(),
                version.delta(),
                version.created());
    }

    /**
     * Returns the bytes of an adapter.
     *
     * @throws StoreException when the stored bytes have another hash: the file is damaged
     */
    public Optional<byte[]> find(Bytes hash) {
        return database.first(
                "reading adapter " + hash,
                "select bytes from adapter where hash = ?",
                row -> checked(hash, row.getBytes(1)),
                hash.hex());
    }

    private static byte[] checked(Bytes hash, byte[] bytes) throws SQLException {
        if (!Bytes.sha256(bytes).equals(hash)) {
            throw new SQLException("adapter " + hash + " is damaged: its bytes have another hash", "", CORRUPT);
        }
        return bytes;
    }

    /** SQLITE_CORRUPT: what SQLite itself would report for a damaged page. */
    private static final int CORRUPT = 11;

    /** Returns the versions of a task, oldest first. */
    public List<AdapterVersion> lineage(String task) {
        return database.list(
                "reading the lineage of task " + task,
                "select task, round, hash, parent, plan, cohort, survivors, epsilon, delta, created"
                        + " from adapter_version where task = ? order by round",
                AdapterStore::read,
                task);
    }

    private static AdapterVersion read(ResultSet row) throws SQLException {
        return new AdapterVersion(
                row.getString(1),
                row.getLong(2),
                Bytes.ofHex(row.getString(3)),
                bytesOrNull(row.getString(4)),
                bytesOrNull(row.getString(5)),
                row.getInt(6),
                row.getInt(7),
                doubleOrNull(row, 8),
                doubleOrNull(row, 9),
                row.getLong(10));
    }

    static @Nullable Double doubleOrNull(ResultSet row, int column) throws SQLException {
        double value = row.getDouble(column);
        return row.wasNull() ? null : value;
    }

    private static @Nullable Bytes bytesOrNull(@Nullable String hex) {
        return hex == null ? null : Bytes.ofHex(hex);
    }

    private static @Nullable String hexOrNull(@Nullable Bytes bytes) {
        return bytes == null ? null : bytes.hex();
    }
}
