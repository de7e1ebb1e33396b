package dev.fedlora.privacy.ledger;

import dev.fedlora.privacy.accounting.Accountant;
import dev.fedlora.privacy.accounting.Budget;
import dev.fedlora.privacy.accounting.SampledGaussian;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A write-ahead ledger of privacy: a charge is on the disk before {@link #charge} returns, and only then may its release
 * leave. A crash in between charges the round; charging it again then costs nothing.
 *
 * <p>One process at a time holds a ledger, by a lock on its file. Safe for use by several threads, which write one after the
 * other. Do not interrupt a thread that is charging: Java then closes the file, and the ledger must be opened again; so it
 * must after any {@link IOException} of a charge.
 *
 * <p>The whole ledger is composed: it is about one set of protected units, whatever tasks used it.
 */
public final class PrivacyLedger implements AutoCloseable {
    private record RoundKey(String task, long round) {}

    private final LedgerFile file;
    private final LedgerLines lines;
    private final LedgerTerms terms;
    private final List<LedgerEntry> entries = new ArrayList<>();
    private final Map<RoundKey, LedgerEntry.Charged> byRound = new HashMap<>();
    private Accountant accountant;
    private LedgerHead head;

    private PrivacyLedger(LedgerFile file, LedgerLines lines, LedgerScan scan) {
        this.file = file;
        this.lines = lines;
        this.terms = scan.terms();
        this.head = scan.head();
        this.accountant = terms.newAccountant();
    }

    /**
     * Opens the ledger in {@code path}, or creates it there; its folder must exist. A last line that a crash left
     * unfinished, and that was never acknowledged, is dropped, and an entry says so.
     *
     * @throws IllegalArgumentException when the ledger there is on other terms
     * @throws LedgerInUseException when it is open elsewhere
     * @throws LedgerDamagedException when a line is not what was written, naming it; the files are left as they are
     */
    public static PrivacyLedger open(Path path, LedgerTerms terms) throws IOException {
        return open(LedgerFile.lock(path, true), new LedgerLines(), Optional.of(terms));
    }

    /**
     * Opens a ledger that must exist, on the terms that it has.
     *
     * @throws LedgerInUseException when it is open elsewhere
     * @throws LedgerDamagedException when a line is not what was written, naming it; the files are left as they are
     */
    public static PrivacyLedger openExisting(Path path) throws IOException {
        return open(LedgerFile.lock(path, false), new LedgerLines(), Optional.empty());
    }

    private static PrivacyLedger open(LedgerFile file, LedgerLines lines, Optional<LedgerTerms> asked)
            throws IOException {
        boolean isOpen = false;
        try {
            if (asked.isPresent()) {
                createIfNew(file, lines, asked.get());
            }
            LedgerScan scan = LedgerScan.of(file, lines);
            if (asked.isPresent() && !asked.get().equals(scan.terms())) {
                throw new IllegalArgumentException(
                        file.path() + " is a ledger on " + scan.terms() + ", but was asked for on " + asked.get());
            }
            PrivacyLedger ledger = new PrivacyLedger(file, lines, scan);
            ledger.load(scan);
            ledger.repair(scan);
            isOpen = true;
            return ledger;
        } finally {
            if (!isOpen) {
                file.close();
            }
        }
    }

    /** Writes the header into an empty file, or over part of the same header when that is all there is. */
    private static void createIfNew(LedgerFile file, LedgerLines lines, LedgerTerms terms) throws IOException {
        byte[] header = withLineFeed(lines.header(terms));
        long size = file.channel().size();
        if (size >= header.length || file.readHead() != null) {
            return;
        }
        byte[] present = new byte[(int) size];
        ByteBuffer buffer = ByteBuffer.wrap(present);
        while (buffer.hasRemaining() && file.channel().read(buffer, buffer.position()) >= 0) {
            // until all of these few bytes are there
        }
        if (!Arrays.equals(present, Arrays.copyOf(header, present.length))) {
            return; // something else: the scan says what is wrong with it
        }
        file.truncate(0);
        LedgerHead start = new LedgerHead(0, hashOf(lines, lines.header(terms)));
        file.append(header, lines.head(start));
    }

    private void load(LedgerScan scan) throws LedgerDamagedException {
        Map<SampledGaussian, Long> steps = new LinkedHashMap<>();
        for (LedgerEntry entry : scan.entries()) {
            entries.add(entry);
            if (entry instanceof LedgerEntry.Charged charged) {
                ReleaseId release = charged.charge().release();
                if (byRound.put(new RoundKey(release.task(), release.round()), charged) != null) {
                    throw new LedgerDamagedException(file.path(), entry.sequence() + 1, "it charges a round twice");
                }
                steps.merge(charged.charge().event(), charged.charge().steps(), Math::addExact);
            }
        }
        for (Map.Entry<SampledGaussian, Long> event : steps.entrySet()) {
            accountant = accountant.plus(event.getKey(), event.getValue());
        }
    }

    /** Finishes what a crash interrupted. */
    private void repair(LedgerScan scan) throws IOException {
        if (scan.lacksLineFeed()) {
            file.append(new byte[] {'\n'}, lines.head(head));
        } else if (!scan.isHeadCurrent()) {
            file.replaceHead(lines.head(head));
        }
        if (scan.hasFragment()) {
            long dropped = file.channel().size() - scan.length();
            file.truncate(scan.length());
            note("dropped " + dropped + " bytes of a line that was never acknowledged");
        }
    }

    /** What this ledger is about. */
    public LedgerTerms terms() {
        return terms;
    }

    /** Where it ends now. */
    public synchronized LedgerHead head() {
        return head;
    }

    /** All lines after the header, in order. */
    public synchronized List<LedgerEntry> entries() {
        return List.copyOf(entries);
    }

    /** The charge for a round, if it was charged. */
    public synchronized Optional<LedgerEntry.Charged> find(String task, long round) {
        return Optional.ofNullable(byRound.get(new RoundKey(task, round)));
    }

    /** Everything charged so far, to calibrate or plan with. */
    public synchronized Accountant accountant() {
        return accountant;
    }

    /** Epsilon of everything charged so far, at {@code delta}. */
    public double spent(double delta) {
        return accountant().epsilon(delta);
    }

    /** Epsilon as it would be after {@code steps} more of {@code event}; nothing is charged. */
    public double afterCharging(SampledGaussian event, long steps, double delta) {
        return accountant().plus(event, steps).epsilon(delta);
    }

    /**
     * Checks a release before anything is prepared for it; nothing is charged.
     *
     * @throws BudgetExceededException when {@code steps} more of {@code event} would exceed {@code budget}
     */
    public void requireWithin(Budget budget, SampledGaussian event, long steps) {
        Accountant now = accountant();
        double afterwards = now.plus(event, steps).epsilon(budget.delta());
        if (!(afterwards <= budget.epsilon())) {
            throw new BudgetExceededException(budget, now.epsilon(budget.delta()), afterwards);
        }
    }

    /**
     * Charges, and returns when the entry is on the disk. A release that was charged before with the same figures is not
     * charged again: the entry that stands is returned.
     *
     * @throws IllegalArgumentException when the amplification does not hold against the ledger's audience
     * @throws LedgerConflictException when its round was charged under another plan or with other figures
     */
    public synchronized LedgerEntry.Charged charge(Charge charge) throws IOException {
        if (!charge.amplification().holdsAgainst(terms.audience())) {
            throw new IllegalArgumentException("amplification is " + LedgerLines.name(charge.amplification())
                    + ", which does not hold against the " + LedgerLines.name(terms.audience())
                    + ": it knows which clients take part");
        }
        Optional<LedgerEntry.Charged> standing = standing(charge);
        return standing.isPresent() ? standing.get() : append(charge);
    }

    /**
     * Charges unless that would exceed the budget; nothing comes between the check and the charge. A release that was
     * charged before is within the budget by definition.
     *
     * @throws BudgetExceededException when it would; nothing was written
     * @throws IllegalArgumentException when the amplification does not hold against the ledger's audience
     * @throws LedgerConflictException when its round was charged under another plan or with other figures
     */
    public synchronized LedgerEntry.Charged chargeWithin(Budget budget, Charge charge) throws IOException {
        if (standing(charge).isEmpty()) {
            requireWithin(budget, charge.event(), charge.steps());
        }
        return charge(charge);
    }

    private Optional<LedgerEntry.Charged> standing(Charge charge) {
        ReleaseId release = charge.release();
        Optional<LedgerEntry.Charged> found = find(release.task(), release.round());
        if (found.isPresent() && !found.get().charge().isSameAs(charge)) {
            ReleaseId before = found.get().charge().release();
            String what = before.planHash().equals(release.planHash())
                    ? "with other figures for the same plan"
                    : "under plan " + before.planHash() + ", not " + release.planHash();
            throw new LedgerConflictException("task \"" + release.task() + "\", round " + release.round()
                    + " was charged before " + what + "; a round is charged once");
        }
        return found;
    }

    private LedgerEntry.Charged append(Charge charge) throws IOException {
        Accountant after = accountant.plus(charge.event(), charge.steps());
        byte[] line = lines.charge(head, charge);
        LedgerHead next = new LedgerHead(head.sequence() + 1, hashOf(lines, line));
        var charged = new LedgerEntry.Charged(next.sequence(), charge, next.hash());
        file.append(withLineFeed(line), lines.head(next));
        head = next;
        accountant = after;
        entries.add(charged);
        byRound.put(new RoundKey(charge.release().task(), charge.release().round()), charged);
        return charged;
    }

    private void note(String text) throws IOException {
        byte[] line = lines.note(head, text);
        LedgerHead next = new LedgerHead(head.sequence() + 1, hashOf(lines, line));
        file.append(withLineFeed(line), lines.head(next));
        head = next;
        entries.add(new LedgerEntry.Noted(next.sequence(), text, next.hash()));
    }

    /** A copy of what stands here, with the epsilon so far at {@code delta}. */
    public synchronized LedgerReport report(double delta) {
        return new LedgerReport(terms, delta, spent(delta), head, entries());
    }

    /** Gives the file back; the ledger cannot be charged any more. */
    @Override
    public synchronized void close() throws IOException {
        file.close();
    }

    private static byte[] withLineFeed(byte[] line) {
        byte[] whole = Arrays.copyOf(line, line.length + 1);
        whole[line.length] = '\n';
        return whole;
    }

    private static String hashOf(LedgerLines lines, byte[] ownLine) {
        try {
            return lines.hashOf(ownLine);
        } catch (LedgerLines.Malformed impossible) {
            throw new IllegalStateException("a line just made does not carry its hash", impossible);
        }
    }
}
