package dev.fedlora.lora.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/**
 * What tells that a path leads to the same, unchanged file as before, without reading it: equal versions are the same file
 * for all who do not set its times on purpose.
 *
 * @param size in bytes
 * @param modified when it was last written, as finely as the file system keeps it
 * @param key which file it is, or null where the platform has no such thing
 */
public record FileVersion(
        long size, FileTime modified, @Nullable Object key) {
    /**
     * Returns what stands at {@code path} now.
     *
     * @throws IOException when nothing does, or it cannot be read
     */
    public static FileVersion of(Path path) throws IOException {
        BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class);
        return new FileVersion(found.size(), found.lastModifiedTime(), found.fileKey());
    }
}
