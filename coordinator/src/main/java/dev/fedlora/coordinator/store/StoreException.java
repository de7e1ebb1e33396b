package dev.fedlora.coordinator.store;

/** A read or write of the store that did not happen; the transaction it was part of was rolled back. */
public final class StoreException extends RuntimeException {
    /** What SQLite reported. */
    public enum Reason {
        /** No space is left on the disk, or the file reached its allowed size. */
        FULL("no space left"),
        /** Another process holds a lock on the file. */
        LOCKED("locked by another process"),
        /** The file cannot be written. */
        READ_ONLY("not writable"),
        /** The file is not a database or is damaged. */
        DAMAGED("damaged"),
        /** A value breaks a rule of the tables: an impossible transition, refused. */
        CONSTRAINT("refused"),
        /** The operating system failed to read or write. */
        INPUT_OUTPUT("read or write failed"),
        /** Anything else. */
        OTHER("failed");

        private final String label;

        Reason(String label) {
            this.label = label;
        }

        /** Returns what happened in a few words, which name no file. */
        public String label() {
            return label;
        }
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
