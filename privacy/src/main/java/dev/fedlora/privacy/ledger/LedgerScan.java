package dev.fedlora.privacy.ledger;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One reading of a ledger file from its first byte to its last, every line checked. What it accepts past the acknowledged
 * head is at most one line: a whole one is kept, since its round may be under way, and part of one is left to be dropped.
 */
final class LedgerScan {
    private static final int LONGEST_LINE = 16_384;

    private final LedgerFile file;
    private final LedgerLines lines;
    private final InputStream in;
    private final List<LedgerEntry> entries = new ArrayList<>();
    private final LedgerHead acknowledged;
    private LedgerTerms terms;
    private LedgerHead head;
    private long length; // bytes of the lines accepted
    private int line; // number of the line being read, from 1
    private boolean hasFragment;
    private boolean lacksLineFeed; // the line just read
    private boolean endsWithoutLineFeed; // the last line accepted

    private LedgerScan(LedgerFile file, LedgerLines lines) throws IOException {
        this.file = file;
        this.lines = lines;
        this.in = new BufferedInputStream(Channels.newInputStream(file.channel().position(0)), 1 << 16);
        byte[] header = nextLine();
        try {
            if (header == null || lacksLineFeed) {
                throw new LedgerLines.Malformed("the header is cut off");
            }
            terms = lines.readHeader(header);
            head = new LedgerHead(0, lines.hashOf(header));
        } catch (LedgerLines.Malformed bad) {
            throw damaged(bad);
        }
        length = header.length + 1L;
        acknowledged = readHead();
    }

    /** Reads the whole of {@code file}. */
    static LedgerScan of(LedgerFile file, LedgerLines lines) throws IOException {
        LedgerScan scan = new LedgerScan(file, lines);
        scan.readEntries();
        return scan;
    }

    LedgerTerms terms() {
        return terms;
    }

    List<LedgerEntry> entries() {
        return entries;
    }

    LedgerHead head() {
        return head;
    }

    long length() {
        return length;
    }

    /** True when part of a line that was never acknowledged follows the last accepted one. */
    boolean hasFragment() {
        return hasFragment;
    }

    /** True when the last accepted line lacks its line feed. */
    boolean lacksLineFeed() {
        return endsWithoutLineFeed;
    }

    boolean isHeadCurrent() {
        return head.equals(acknowledged);
    }

    private LedgerHead readHead() throws IOException {
        byte[] bytes = file.readHead();
        if (bytes == null) {
            if (file.channel().size() > length) {
                throw new LedgerDamagedException(
                        file.headPath(), 1, "it is missing, so that nobody knows which lines were acknowledged");
            }
            return new LedgerHead(-1, "");
        }
        try {
            LedgerHead read = lines.readHead(bytes);
            if (read.sequence() == 0 && !read.hash().equals(head.hash())) {
                throw new LedgerLines.Malformed("it belongs to another ledger");
            }
            return read;
        } catch (LedgerLines.Malformed bad) {
            throw new LedgerDamagedException(file.headPath(), 1, String.valueOf(bad.getMessage()));
        }
    }

    private void readEntries() throws IOException {
        for (byte[] bytes = nextLine(); bytes != null; bytes = nextLine()) {
            boolean wasAcknowledged = head.sequence() < acknowledged.sequence();
            if (head.sequence() > acknowledged.sequence() || hasFragment) {
                throw damaged(new LedgerLines.Malformed("it follows a line that was never acknowledged"));
            }
            try {
                accept(bytes, wasAcknowledged);
            } catch (LedgerLines.Malformed bad) {
                if (wasAcknowledged) {
                    throw damaged(bad);
                }
                hasFragment = true;
            }
        }
        if (head.sequence() < acknowledged.sequence()) {
            throw damaged(new LedgerLines.Malformed("the file ends here, but lines up to sequence number "
                    + acknowledged.sequence() + " were acknowledged"));
        }
    }

    private void accept(byte[] bytes, boolean wasAcknowledged) throws LedgerLines.Malformed {
        LedgerEntry entry = lines.readEntry(bytes, head);
        if (wasAcknowledged && lacksLineFeed) {
            throw new LedgerLines.Malformed("it was acknowledged and lacks its line feed");
        }
        if (entry.sequence() == acknowledged.sequence() && !entry.hash().equals(acknowledged.hash())) {
            throw new LedgerLines.Malformed(
                    "its hash is " + entry.hash() + ", but that of the acknowledged line is " + acknowledged.hash());
        }
        entries.add(entry);
        head = new LedgerHead(entry.sequence(), entry.hash());
        endsWithoutLineFeed = lacksLineFeed;
        length += bytes.length + (lacksLineFeed ? 0 : 1);
    }

    /** The next line without its line feed, or null at the end. */
    private byte @Nullable [] nextLine() throws IOException {
        line++;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                lacksLineFeed = bytes.size() > 0;
                return lacksLineFeed ? bytes.toByteArray() : null;
            }
            if (bytes.size() == LONGEST_LINE) {
                throw damaged(new LedgerLines.Malformed("it is longer than " + LONGEST_LINE + " bytes"));
            }
            bytes.write(next);
        }
        return bytes.toByteArray();
    }

    private LedgerDamagedException damaged(LedgerLines.Malformed reason) {
        return new LedgerDamagedException(file.path(), line, String.valueOf(reason.getMessage()));
    }
}
