package dev.fedlora.coordinator.store;

import dev.fedlora.coordinator.config.StartupException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;

/**
 * One SQLite file, one connection, one transaction at a time.
 *
 * <p>Thread-safe: callers queue. SQLite has a single writer anyway, and the coordinator's transactions are short: a few
 * rows, and one adapter of some megabytes a round.
 */
final class Database implements AutoCloseable {
    /** A row of a result, read by position from 1. */
    interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** Statements that happen together or not at all. */
    interface Work<T> {
        T run() throws SQLException;
    }

    private final Path file;
    private final Connection connection;
    private final ReentrantLock lock = new ReentrantLock();

    private Database(Path file, Connection connection) {
        this.file = file;
        this.connection = connection;
    }

    /**
     * Opens or creates the file and brings its tables to the newest version.
     *
     * @throws StartupException when it cannot be opened, is damaged or was made by a newer version
     */
    static Database open(Path file) {
        SQLiteDataSource source = new SQLiteDataSource(settings());
        source.setUrl("jdbc:sqlite:" + file);
        try {
            Flyway.configure(Database.class.getClassLoader())
                    .dataSource(source)
                    .locations("classpath:db/migration")
                    .load()
                    .migrate();
            return new Database(file, source.getConnection());
        } catch (SQLException | FlywayException e) {
            throw new StartupException(
                    StartupException.Reason.STORE, "store " + file + " cannot be opened: " + firstLine(e), e);
        }
    }

    private static SQLiteConfig settings() {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL); // an accepted round survives a power cut
        config.enforceForeignKeys(true);
        config.setBusyTimeout(2_000); // milliseconds: a backup may hold the file for a moment
        return config;
    }

    /**
     * Runs the work in one transaction; inside another transaction it becomes part of that one.
     *
     * @throws StoreException when it failed; nothing is changed then
     */
    <T> T transaction(String what, Work<T> work) {
        lock.lock();
        try {
            return lock.getHoldCount() > 1 ? work.run() : commitOrRollBack(work);
        } catch (SQLException e) {
            throw failure(what, e);
        } finally {
            lock.unlock();
        }
    }

    private <T> T commitOrRollBack(Work<T> work) throws SQLException {
        connection.setAutoCommit(false);
        try {
            T result = work.run();
            connection.commit();
            connection.setAutoCommit(true);
            return result;
        } catch (SQLException | RuntimeException | Error e) {
            rollBack(e);
            throw e;
        }
    }

    /** SQLite has rolled back by itself after some errors, a full disk among them; what matters then is the error. */
    private void rollBack(Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
        try {
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    /** Runs one statement and returns the number of rows it changed; belongs inside a {@link Work}. */
    int update(String sql, @Nullable Object... arguments) throws SQLException {
        try (PreparedStatement statement = prepare(sql, arguments)) {
            return statement.executeUpdate();
        }
    }

    <T> List<T> list(String what, String sql, RowReader<T> reader, @Nullable Object... arguments) {
        lock.lock();
        try (PreparedStatement statement = prepare(sql, arguments);
                ResultSet rows = statement.executeQuery()) {
            List<T> all = new ArrayList<>();
            while (rows.next()) {
                all.add(reader.read(rows));
            }
            return all;
        } catch (SQLException e) {
            throw failure(what, e);
        } finally {
            lock.unlock();
        }
    }

    <T> Optional<T> first(String what, String sql, RowReader<T> reader, @Nullable Object... arguments) {
        return list(what, sql, reader, arguments).stream().findFirst();
    }

    private PreparedStatement prepare(String sql, @Nullable Object... arguments) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < arguments.length; i++) {
            statement.setObject(i + 1, arguments[i]);
        }
        return statement;
    }

    private StoreException failure(String what, SQLException e) {
        StoreException.Reason reason = reason(e);
        return new StoreException(
                reason, "store %s: %s while %s: %s".formatted(file, reason.label(), what, firstLine(e)), e);
    }

    /** The low byte of an SQLite code is its primary code; the rest says more about it (sqlite.org/rescode.html). */
    private static StoreException.Reason reason(SQLException e) {
        return switch (SQLiteErrorCode.getErrorCode(e.getErrorCode() & 0xff)) {
            case SQLITE_FULL -> StoreException.Reason.FULL;
            case SQLITE_BUSY, SQLITE_LOCKED -> StoreException.Reason.LOCKED;
            case SQLITE_READONLY, SQLITE_PERM -> StoreException.Reason.READ_ONLY;
            case SQLITE_CORRUPT, SQLITE_NOTADB -> StoreException.Reason.DAMAGED;
            case SQLITE_CONSTRAINT -> StoreException.Reason.CONSTRAINT;
            case SQLITE_IOERR, SQLITE_CANTOPEN -> StoreException.Reason.INPUT_OUTPUT;
            default -> StoreException.Reason.OTHER;
        };
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    @Override
    public void close() {
        lock.lock();
        try {
            connection.close();
        } catch (SQLException e) {
            throw failure("closing", e);
        } finally {
            lock.unlock();
        }
    }
}
