package dev.fedlora.privacy.ledger;

/** One line of a ledger after its header. */
public sealed interface LedgerEntry {
    /** Position in the ledger, from 1. */
    long sequence();

    /** Hash of the line, 64 hexadecimal digits. */
    String hash();

    /** A charge. */
    record Charged(long sequence, Charge charge, String hash) implements LedgerEntry {}

    /** Something that was done to the ledger itself, such as dropping a line that a crash left unfinished. */
    record Noted(long sequence, String text, String hash) implements LedgerEntry {}
}
