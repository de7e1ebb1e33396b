package dev.fedlora.coordinator.store;

import dev.fedlora.coordinator.config.StartupException;
import dev.fedlora.coordinator.config.StartupException.Reason;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/** The claim of one process on a data directory; the operating system drops it when the process ends in any way. */
public final class DirectoryLock implements AutoCloseable {
    /** The file that is locked; it holds nothing. */
    static final String FILE = "coordinator.lock";

    private final FileChannel channel;

    private DirectoryLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Creates the directory when it is missing, readable by its owner alone, and claims it.
     *
     * @throws StartupException when it cannot be written or another process holds it
     */
    public static DirectoryLock claim(Path directory) {
        FileChannel channel = open(directory);
        try {
            FileLock lock = tryLock(channel);
            if (lock == null) {
                throw new StartupException(
                        Reason.DATA_DIRECTORY_IN_USE,
                        "data directory " + directory + " is in use by another coordinator");
            }
            return new DirectoryLock(channel);
        } catch (IOException | RuntimeException e) {
            closeQuietly(channel, e);
            throw e instanceof StartupException known ? known : unusable(directory, e);
        }
    }

    private static FileChannel open(Path directory) {
        try {
            if (!Files.isDirectory(directory)) {
                createPrivately(directory);
            }
            return FileChannel.open(directory.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw unusable(directory, e);
        }
    }

    private static void createPrivately(Path directory) throws IOException {
        if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectories(directory);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by this very process
        }
    }

    private static StartupException unusable(Path directory, Exception cause) {
        return new StartupException(
                Reason.DATA_DIRECTORY, "data directory " + directory + " cannot be written: " + say(cause), cause);
    }

    /** Java's file exceptions often carry the path alone as their message. */
    private static String say(Exception e) {
        return e.getClass().getSimpleName() + " " + e.getMessage();
    }

    private static void closeQuietly(FileChannel channel, Exception first) {
        try {
            channel.close();
        } catch (IOException e) {
            first.addSuppressed(e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
