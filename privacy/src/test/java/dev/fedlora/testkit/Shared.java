package dev.fedlora.testkit;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * The folder of golden files and data that lies beside a checkout, named {@code shared}. Nothing in it belongs to the
 * project; a test that needs it is skipped, with the reason printed, where it is absent.
 */
public final class Shared {
    private Shared() {}

    /**
     * Returns the file or folder {@code relative} in the shared folder: the one that {@code -Dfedlora.shared} names, else
     * the nearest one beside a parent of the working directory. Skips the running test when there is none.
     */
    public static Path path(String relative) {
        String given = System.getProperty("fedlora.shared");
        Path folder = given == null ? nearest() : Path.of(given);
        if (folder == null || !Files.exists(folder.resolve(relative))) {
            Assumptions.abort(
                    "skipped: " + relative + " is not there; this test needs the shared folder beside the checkout"
                            + " or named by -Dfedlora.shared");
        }
        return folder.resolve(relative);
    }

    private static @Nullable Path nearest() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path candidate = at.resolve("shared").resolve("golden");
            if (Files.isDirectory(candidate)) {
                return candidate.getParent();
            }
        }
        return null;
    }
}
