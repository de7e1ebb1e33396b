package dev.fedlora.privacy.ledger;

import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/** Charges and copies of ledger files for the tests of this package. */
final class LedgerFixture {
    static final LedgerTerms TERMS = LedgerTerms.of(PrivacyUnit.RECORD, Audience.COORDINATOR);
    static final SampledGaussian EVENT = new SampledGaussian(1.1, 0.01, NoiseKind.DISCRETE);
    static final double DELTA = 1e-5;

    private LedgerFixture() {}

    static Charge charge(long round) {
        return charge(round, plan(round), 20);
    }

    static Charge charge(long round, String planHash, long steps) {
        Instant at = Instant.parse("2026-03-01T12:00:00Z").plusSeconds(round);
        return new Charge(new ReleaseId("triage", round, planHash), EVENT, steps, Amplification.RECORDS, at);
    }

    static String plan(long round) {
        return "%064x".formatted(round);
    }

    /** Writes a ledger with rounds 0 to {@code rounds} - 1. */
    static void write(Path path, int rounds) throws IOException {
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            for (int round = 0; round < rounds; round++) {
                ledger.charge(charge(round));
            }
        }
    }

    static Path head(Path ledger) {
        return ledger.resolveSibling(ledger.getFileName() + ".head");
    }

    /** The bytes of all files in {@code folder}, to show that a refusal changed none. */
    static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                contents.put(file.getFileName().toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
            }
        }
        return contents;
    }
}
