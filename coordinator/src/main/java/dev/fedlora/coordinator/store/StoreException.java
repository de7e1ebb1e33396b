package dev.fedlora.coordinator.store;

/** A read or write of the store that did not happen; the transaction it was part of was rolled back. */
public final class StoreException extends RuntimeException {
    /** What SQLite reported. */
    public enum Reason {
        /** No space is left on the disk, or the file reached its allowed size. */
        FULL,
        /** Another process holds a lock on the file. */
        LOCKED,
        /** The file cannot be written. */
        READ_ONLY,
        /** The file is not a database or is damaged. */
        DAMAGED,
        /** A value breaks a rule of the tables: an impossible transition, refused. */
        CONSTRAINT,
        /** The operating system failed to read or write. */
        INPUT_OUTPUT,
        /** Anything else. */
        OTHER
    }

    private final Reason reason;

    StoreException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** Returns what SQLite reported. */
    public Reason reason() {
        return reason;
    }
}
