package dev.fedlora.privacy.ledger;

import java.io.IOException;
import java.nio.file.Path;

/** Another process, or another object of this one, has the ledger open. */
public final class LedgerInUseException extends IOException {
    private static final long serialVersionUID = 1;

    LedgerInUseException(Path file) {
        super(file + " is open elsewhere; a ledger is written by one process at a time");
    }
}
