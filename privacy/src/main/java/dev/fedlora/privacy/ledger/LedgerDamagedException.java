package dev.fedlora.privacy.ledger;

import java.io.IOException;
import java.nio.file.Path;

/** A ledger's files are not what this program wrote; they were left as they are. */
public final class LedgerDamagedException extends IOException {
    private static final long serialVersionUID = 1;

    LedgerDamagedException(Path file, long line, String reason) {
        super(file + ", line " + line + ": " + reason);
    }
}
