package dev.fedlora.client.state;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One client's state directory, held by one process at a time: the number of the last round seen, for each task. A round
 * number only grows, so a coordinator that replays an old plan, even after this client restarted, gets no second answer
 * to it.
 *
 * <p>Not thread-safe.
 */
public final class ClientState implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LOCK = "client.lock";
    private static final String ROUNDS = "rounds.json";

    private final Path directory;
    private final FileChannel lockChannel;
    private final Map<String, Long> lastRounds;

    private ClientState(Path directory, FileChannel lockChannel, Map<String, Long> lastRounds) {
        this.directory = directory;
        this.lockChannel = lockChannel;
        this.lastRounds = lastRounds;
    }

    /**
     * Opens a state directory and makes it when it is not there.
     *
     * @throws IOException when the directory cannot be written, another process holds it, or its content is damaged; the
     *     message names the file
     */
    public static ClientState open(Path directory) throws IOException {
        Files.createDirectories(directory);
        if (!Files.isWritable(directory)) {
            throw new IOException(directory + ": no permission to write into this state directory");
        }
        FileChannel channel =
                FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (tryLock(channel) == null) {
                throw new IOException(directory + ": another client is running on this state directory");
            }
            return new ClientState(directory, channel, read(directory.resolve(ROUNDS)));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Returns the last round seen of every task, by federation and task as {@code federation/task}, whoever holds the
     * directory: for those who only want to look.
     *
     * @throws IOException when the file cannot be read or is damaged; the message names it
     */
    public static SortedMap<String, Long> lastRounds(Path directory) throws IOException {
        return Collections.unmodifiableSortedMap(new TreeMap<>(read(directory.resolve(ROUNDS))));
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by this very process
        }
    }

    private static Map<String, Long> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return new TreeMap<>();
        }
        try {
            Map<String, Long> read = JSON.readValue(file.toFile(), new TypeReference<TreeMap<String, Long>>() {});
            if (read == null || read.values().stream().anyMatch(round -> round == null || round < 0)) {
                throw new IOException("expected an object of round numbers, none below 0");
            }
            return new TreeMap<>(read);
        } catch (IOException e) {
            throw new IOException(
                    file + ": damaged; without it old rounds could be replayed to this client (" + e.getMessage() + ")",
                    e);
        }
    }

    /** Returns the number of the last round this client began to take part in, 0 before the first. */
    public long lastRound(String federation, String task) {
        return lastRounds.getOrDefault(key(federation, task), 0L);
    }

    /**
     * Remembers that this client takes part in a round. When this returns, the number is on the disk.
     *
     * @throws IllegalArgumentException when the number is not above {@link #lastRound}
     * @throws IOException when it cannot be written; nothing is changed then
     */
    public void enterRound(String federation, String task, long round) throws IOException {
        long last = lastRound(federation, task);
        if (round <= last) {
            throw new IllegalArgumentException(
                    "round %d of task %s is not after the last round seen, %d".formatted(round, task, last));
        }
        Map<String, Long> next = new TreeMap<>(lastRounds);
        next.put(key(federation, task), round);
        write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(next));
        lastRounds.putAll(next);
    }

    private void write(byte[] content) throws IOException {
        Path target = directory.resolve(ROUNDS);
        Path temporary = directory.resolve(ROUNDS + ".new");
        try (FileChannel out = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer rest = ByteBuffer.wrap(content);
            while (rest.hasRemaining()) {
                out.write(rest);
            }
            out.force(true);
        }
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel folder = FileChannel.open(directory, StandardOpenOption.READ)) {
            folder.force(true); // the new name itself must survive a power cut
        } catch (IOException e) {
            if (isPosix()) {
                throw e; // where a folder cannot be opened (Windows), the file system journals renames itself
            }
        }
    }

    private boolean isPosix() {
        return directory.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static String key(String federation, String task) {
        return federation + "/" + task;
    }

    /** Gives the directory free for the next process. */
    @Override
    public void close() throws IOException {
        lockChannel.close();
    }
}
