package dev.fedlora.privacy.ledger;

/** A round was charged before under another plan or with other figures; nothing was written. */
public final class LedgerConflictException extends RuntimeException {
    private static final long serialVersionUID = 1;

    LedgerConflictException(String message) {
        super(message);
    }
}
