package dev.fedlora.coordinator.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.coordinator.config.StartupException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryLockTest {
    @TempDir
    Path folder;

    @Test
    void claim_missingDirectory_createsItForItsOwnerAlone() throws IOException {
        Path data = folder.resolve("a/b");
        try (DirectoryLock lock = DirectoryLock.claim(data)) {
            assertThat(lock).isNotNull();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data)))
                    .isEqualTo("rwx------");
        }
    }

    @Test
    void claim_twice_secondIsRefusedUntilFirstCloses() {
        DirectoryLock first = DirectoryLock.claim(folder);
        assertThatThrownBy(() -> DirectoryLock.claim(folder))
                .isInstanceOfSatisfying(
                        StartupException.class,
                        e -> assertThat(e.reason()).isEqualTo(StartupException.Reason.DATA_DIRECTORY_IN_USE))
                .hasMessage("data directory " + folder + " is in use by another coordinator");
        first.close();
        DirectoryLock.claim(folder).close();
    }

    @Test
    void claim_heldByAnotherProcess_refused() throws Exception {
        Path marker = folder.resolve("held");
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        HoldsDirectory.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            assertThat(other.getInputStream().read()).as("held: %s", marker).isEqualTo('h');
            assertThatThrownBy(() -> DirectoryLock.claim(folder)).hasMessageContaining("in use by another");
        } finally {
            other.destroyForcibly().waitFor();
        }
        DirectoryLock.claim(folder).close();
    }

    @Test
    void claim_belowAFile_oneLineNamesTheDirectory() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        Path data = file.resolve("data");
        assertThatThrownBy(() -> DirectoryLock.claim(data))
                .isInstanceOfSatisfying(
                        StartupException.class,
                        e -> assertThat(e.reason()).isEqualTo(StartupException.Reason.DATA_DIRECTORY))
                .hasMessageContaining("data directory " + data + " cannot be written");
    }

    /** Claims the directory, says so with one letter, and holds it until it is killed. */
    static final class HoldsDirectory {
        private HoldsDirectory() {}

        public static void main(String[] arguments) throws IOException {
            DirectoryLock lock = DirectoryLock.claim(Path.of(arguments[0]));
            System.out.print('h');
            System.out.flush();
            System.in.read();
            lock.close();
        }
    }
}
