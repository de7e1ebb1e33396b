package dev.fedlora.privacy.ledger;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The two files of a ledger: one that is locked and only grows, and beside it the head that is replaced at each line. */
final class LedgerFile implements AutoCloseable {
    private static final int LARGEST_HEAD = 1024;

    private final Path path;
    private final Path headPath;
    private final FileChannel channel;
    private boolean isBroken;

    private LedgerFile(Path path, FileChannel channel) {
        this.path = path;
        this.headPath = path.resolveSibling(path.getFileName() + ".head");
        this.channel = channel;
    }

    /** Opens and locks; creates an empty file when {@code mayCreate}. */
    static LedgerFile lock(Path path, boolean mayCreate) throws IOException {
        Path absolute = path.toAbsolutePath();
        FileChannel channel = mayCreate
                ? FileChannel.open(
                        absolute, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)
                : FileChannel.open(absolute, StandardOpenOption.READ, StandardOpenOption.WRITE);
        boolean isLocked = false;
        try {
            FileLock lock = channel.tryLock();
            isLocked = lock != null;
        } catch (OverlappingFileLockException ours) {
            throw new LedgerInUseException(path);
        } finally {
            if (!isLocked) {
                channel.close();
            }
        }
        if (!isLocked) {
            throw new LedgerInUseException(path);
        }
        return new LedgerFile(absolute, channel);
    }

    Path path() {
        return path;
    }

    Path headPath() {
        return headPath;
    }

    FileChannel channel() {
        return channel;
    }

    /** The head file's bytes, or null when there is none. */
    byte @Nullable [] readHead() throws IOException {
        if (!Files.exists(headPath)) {
            return null;
        }
        if (Files.size(headPath) > LARGEST_HEAD) {
            throw new LedgerDamagedException(headPath, 1, "it is " + Files.size(headPath) + " bytes long");
        }
        return Files.readAllBytes(headPath);
    }

    /** Cuts the file to {@code length} bytes. */
    void truncate(long length) throws IOException {
        channel.truncate(length);
        channel.force(true);
    }

    /**
     * Puts {@code bytes} at the end, and only when they have reached the disk replaces the head. After a failure nothing
     * more is written: what the disk holds is known again when the ledger is opened anew.
     */
    void append(byte[] bytes, byte[] head) throws IOException {
        if (isBroken) {
            throw new IOException(path + ": an earlier write failed; close the ledger and open it again");
        }
        isBroken = true;
        long before = channel.size();
        try {
            writeAll(channel, bytes, before);
        } catch (IOException failed) {
            cutBack(before, failed);
            throw failed;
        }
        channel.force(true);
        replaceHead(head);
        isBroken = false;
    }

    /** A disk that is full leaves part of a line; without it the ledger is as it was. */
    private void cutBack(long length, IOException reason) {
        try {
            truncate(length);
            isBroken = false;
        } catch (IOException alsoFailed) {
            reason.addSuppressed(alsoFailed);
        }
    }

    void replaceHead(byte[] head) throws IOException {
        Path fresh = headPath.resolveSibling(headPath.getFileName() + ".new");
        try (FileChannel out = FileChannel.open(
                fresh, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
            writeAll(out, head, 0);
            out.force(true);
        }
        Files.move(fresh, headPath, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncDirectory();
    }

    private void syncDirectory() throws IOException {
        Path directory = path.getParent();
        if (directory == null || !Files.getFileStore(directory).supportsFileAttributeView("posix")) {
            return; // Windows cannot open a directory, and orders the rename itself
        }
        try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }

    private static void writeAll(FileChannel out, byte[] bytes, long position) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            out.write(buffer, position + buffer.position());
        }
    }

    /** Gives the lock back. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
