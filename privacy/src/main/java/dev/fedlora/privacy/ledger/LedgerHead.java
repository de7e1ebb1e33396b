package dev.fedlora.privacy.ledger;

/**
 * Where a ledger ends; keep a copy elsewhere to notice a rewritten history.
 *
 * @param sequence of the last line, 0 for the header
 * @param hash of the last line, 64 hexadecimal digits
 */
public record LedgerHead(long sequence, String hash) {}
