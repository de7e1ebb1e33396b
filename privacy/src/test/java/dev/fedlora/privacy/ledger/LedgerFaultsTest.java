package dev.fedlora.privacy.ledger;

import static dev.fedlora.privacy.ledger.LedgerFixture.DELTA;
import static dev.fedlora.privacy.ledger.LedgerFixture.EVENT;
import static dev.fedlora.privacy.ledger.LedgerFixture.TERMS;
import static dev.fedlora.privacy.ledger.LedgerFixture.charge;
import static dev.fedlora.privacy.ledger.LedgerFixture.contents;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.privacy.accounting.RdpAccountant;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a crash, a bad disk or a hand edit leaves behind. */
class LedgerFaultsTest {
    @TempDir
    Path folder;

    private Path path;
    private Path head;

    @BeforeEach
    void name() {
        path = folder.resolve("hospital.ledger");
        head = LedgerFixture.head(path);
    }

    @Test
    void open_crashAtEveryByteOfTheLastLine_losesNoAcknowledgedCharge() throws IOException {
        LedgerFixture.write(path, 2);
        byte[] headBefore = Files.readAllBytes(head);
        int start = (int) Files.size(path);
        LedgerFixture.write(path, 3);
        byte[] whole = Files.readAllBytes(path);
        for (int length = start; length <= whole.length; length++) {
            Files.write(path, Arrays.copyOf(whole, length));
            Files.write(head, headBefore); // the charge had not returned
            boolean isWhole = length >= whole.length - 1; // only the line feed may be missing
            try (LedgerFile file = LedgerFile.lock(path, false)) {
                LedgerScan scan = LedgerScan.of(file, new LedgerLines());
                assertThat(scan.entries()).hasSize(isWhole ? 3 : 2);
                assertThat(scan.hasFragment()).isEqualTo(length > start && !isWhole);
                assertThat(scan.length()).isEqualTo(isWhole ? length : start);
            }
            // repairing flushes the disk several times, hence at every 25th byte and at both ends
            if (length % 25 == 0 || length < start + 3 || length > whole.length - 4) {
                assertRepairsItself(isWhole, length == start);
            }
        }
    }

    private void assertRepairsItself(boolean isWhole, boolean isNothing) throws IOException {
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThat(ledger.find("triage", 1)).isPresent();
            assertThat(ledger.find("triage", 2).isPresent()).isEqualTo(isWhole);
            assertThat(ledger.entries()).hasSize(isNothing ? 2 : 3); // else with a note of what was dropped
            ledger.charge(charge(2));
            ledger.charge(charge(3));
        }
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThat(ledger.spent(DELTA))
                    .isEqualTo(new RdpAccountant().plus(EVENT, 80).epsilon(DELTA));
        }
    }

    @Test
    void open_droppedLine_isNoted() throws IOException {
        LedgerFixture.write(path, 1);
        Files.writeString(path, "{\"sequence\":2,\"prev", StandardOpenOption.APPEND);
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThat(ledger.entries().get(1))
                    .isInstanceOfSatisfying(
                            LedgerEntry.Noted.class,
                            note -> assertThat(note.text())
                                    .isEqualTo("dropped 19 bytes of a line that was never acknowledged"));
            assertThat(ledger.report(DELTA).toJson().at("/entries/1/kind").asText())
                    .isEqualTo("note");
        }
        try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
            assertThat(ledger.entries()).hasSize(2);
        }
    }

    @Test
    void open_unacknowledgedGarbageWithItsLineFeed_isDropped() throws IOException {
        LedgerFixture.write(path, 1);
        for (String garbage : new String[] {"\n", "\0\0\0\0", "\0\0\0\n", "{}\n"}) {
            Files.writeString(path, garbage, StandardOpenOption.APPEND);
            try (PrivacyLedger ledger = PrivacyLedger.open(path, TERMS)) {
                assertThat(ledger.spent(DELTA))
                        .isEqualTo(new RdpAccountant().plus(EVENT, 20).epsilon(DELTA));
            }
        }
    }

    @Test
    void open_cutAnywhereAfterAcknowledgement_isRefused() throws IOException {
        LedgerFixture.write(path, 3);
        byte[] whole = Files.readAllBytes(path);
        for (int length = 0; length < whole.length; length++) {
            Files.write(path, Arrays.copyOf(whole, length));
            assertRefusedUnchanged("cut to " + length);
        }
    }

    @Test
    void open_anyByteChanged_isRefused() throws IOException {
        LedgerFixture.write(path, 3);
        byte[] whole = Files.readAllBytes(path);
        for (int at = 0; at < whole.length; at++) {
            for (int change : new int[] {whole[at] ^ 1, '\n'}) {
                byte[] changed = whole.clone();
                changed[at] = (byte) change;
                if (changed[at] != whole[at]) {
                    Files.write(path, changed);
                    assertThatThrownBy(() -> PrivacyLedger.open(path, TERMS).close())
                            .as("byte %d set to %d", at, changed[at])
                            .isInstanceOf(LedgerDamagedException.class);
                    assertThat(path).hasBinaryContent(changed);
                }
            }
        }
    }

    @Test
    void open_anyByteOfTheHeadChanged_isRefused() throws IOException {
        LedgerFixture.write(path, 2);
        byte[] whole = Files.readAllBytes(head);
        for (int at = 0; at < whole.length; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 1;
            Files.write(head, changed);
            assertRefusedUnchanged("head byte " + at);
        }
        Files.write(head, new byte[0]);
        assertRefusedUnchanged("empty head");
        Files.write(head, new byte[4096]);
        assertRefusedUnchanged("long head");
    }

    @Test
    void open_lineRemovedRepeatedOrMoved_isRefusedWithItsNumber() throws IOException {
        LedgerFixture.write(path, 4);
        String[] lines = Files.readString(path).split("\n", -1);
        assertRefused(2, lines[0], lines[2], lines[3], lines[4]);
        assertRefused(3, lines[0], lines[1], lines[1], lines[2], lines[3], lines[4]);
        assertRefused(2, lines[0], lines[2], lines[1], lines[3], lines[4]);
        assertRefused(7, lines[0], lines[1], lines[2], lines[3], lines[4], lines[4], lines[4]);
        assertRefused(1, lines[1], lines[2]);
        assertRefused(3, lines[0], lines[1], "x".repeat(20_000), lines[2]);
    }

    @Test
    void open_headMissing_isRefusedUnlessNothingWasCharged() throws IOException {
        LedgerFixture.write(path, 1);
        Files.delete(head);
        assertRefusedUnchanged("missing head");
        Path empty = folder.resolve("empty.ledger");
        LedgerFixture.write(empty, 0);
        Files.delete(LedgerFixture.head(empty));
        LedgerFixture.write(empty, 2);
    }

    @Test
    void open_crashWhileTheHeaderWasWritten_startsAnew() throws IOException {
        LedgerFixture.write(path, 0);
        byte[] header = Files.readAllBytes(path);
        for (int length = 0; length <= header.length; length++) {
            Files.write(path, Arrays.copyOf(header, length));
            Files.delete(head);
            LedgerFixture.write(path, 0);
            assertThat(path).hasBinaryContent(header);
        }
    }

    @Test
    void open_someOtherFile_isRefused() throws IOException {
        for (String other : new String[] {"x", "{}\n", "hello\nworld\n", "{\"ledger\":\"other\"}\n"}) {
            Files.writeString(path, other);
            assertRefusedUnchanged(other);
        }
    }

    @Test
    void open_wellFormedButImpossibleEntry_isRefusedWithTheReason() throws IOException {
        LedgerFixture.write(path, 1);
        String line = Files.readString(path).split("\n", -1)[1];
        Map<String, String> edits = Map.of(
                "\"noiseMultiplier\":1.1", "\"noiseMultiplier\":-1.1",
                "\"steps\":20", "\"steps\":0",
                "\"samplingRate\":0.01", "\"samplingRate\":\"much\"",
                "\"noise\":\"discrete\"", "\"noise\":\"pink\"",
                "\"kind\":\"charge\"", "\"kind\":\"gift\"",
                "\"mechanism\":\"sampled-gaussian\"", "\"mechanism\":\"laplace\"",
                "\"at\":\"2026", "\"at\":\"soon",
                "\"task\":\"triage\"", "\"task\":7",
                "\"round\":0", "\"round\":0.5");
        String header = Files.readString(path).split("\n", -1)[0];
        for (Map.Entry<String, String> edit : edits.entrySet()) {
            String body = line.replace(edit.getKey(), edit.getValue());
            assertThat(body).isNotEqualTo(line);
            byte[] resealed = reseal(body);
            LedgerHead newHead = new LedgerHead(1, hash(resealed));
            Files.writeString(path, header + "\n" + new String(resealed, StandardCharsets.UTF_8) + "\n");
            Files.write(head, new LedgerLines().head(newHead));
            assertRefusedUnchanged(edit.getValue());
        }
    }

    /** The line with a hash that fits it: a forger's work, which must still be a possible charge. */
    private static byte[] reseal(String line) throws IOException {
        String body = line.substring(0, line.indexOf(",\"hash\":"));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(body.getBytes(StandardCharsets.UTF_8));
            String hash = HexFormat.of().formatHex(digest);
            return (body + ",\"hash\":\"" + hash + "\"}").getBytes(StandardCharsets.UTF_8);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IOException(impossible);
        }
    }

    static String hash(byte[] line) {
        return new String(line, line.length - 66, 64, StandardCharsets.US_ASCII);
    }

    private void assertRefused(int lineNumber, String... lines) throws IOException {
        Files.writeString(path, String.join("\n", lines) + "\n");
        assertThatThrownBy(() -> PrivacyLedger.open(path, TERMS))
                .isInstanceOf(LedgerDamagedException.class)
                .hasMessageContaining(path.getFileName() + ", line " + lineNumber + ":");
    }

    private void assertRefusedUnchanged(String what) throws IOException {
        Map<String, String> before = contents(folder);
        assertThatThrownBy(() -> PrivacyLedger.open(path, TERMS).close())
                .as(what)
                .isInstanceOf(LedgerDamagedException.class)
                .hasMessageContaining("hospital.ledger")
                .hasMessageContaining(", line ");
        assertThat(contents(folder)).as(what).isEqualTo(before);
    }
}
