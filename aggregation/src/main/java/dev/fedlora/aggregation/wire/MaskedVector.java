package dev.fedlora.aggregation.wire;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * A client's vector on its way to the server. Its body is too large for a message and is streamed:
 *
 * <pre>
 * "FLM"  version u8  session id (32 bytes)  client u64  dimension u32   big-endian, 48 bytes
 * dimension times u32                                                    little-endian
 * </pre>
 *
 * <p>Immutable, thread-safe; shares its array with nobody. In the clear protocol the vector is the client's update, so it
 * never prints its coordinates.
 */
public final class MaskedVector {
    /** Bytes before the first coordinate. */
    public static final int HEADER_BYTES = 48;
    /** Coordinates written at once: 64 KiB. */
    private static final int CHUNK = 1 << 14;

    private static final byte[] MAGIC = {'F', 'L', 'M', (byte) RoundPlan.VERSION};

    private final Header header;
    private final int[] coordinates;
    private volatile @Nullable Bytes hash;

    private MaskedVector(Header header, int[] coordinates) {
        this.header = header;
        this.coordinates = coordinates;
    }

    /**
     * What comes before the coordinates.
     *
     * @param session of the round
     * @param client sender
     * @param dimension number of coordinates
     */
    public record Header(SessionId session, long client, int dimension) {
        /** @throws IllegalArgumentException when the id or the dimension is out of its range */
        public Header {
            Sizes.requireClient(client);
            if (dimension < 1 || dimension > RoundPlan.MAX_DIMENSION) {
                throw new IllegalArgumentException(
                        "dimension must be from 1 to " + RoundPlan.MAX_DIMENSION + ", got " + dimension);
            }
        }

        /** Returns {@link #HEADER_BYTES} bytes. */
        public byte[] toBytes() {
            ByteWriter out = new ByteWriter().fixed(MAGIC).fixed(session.value());
            return out.u64(client).u32(dimension).toArray();
        }

        /**
         * Reads a header.
         *
         * @throws ProtocolException {@link ProtocolException.Reason#MALFORMED}
         */
        public static Header ofBytes(byte[] bytes) {
            ByteReader in = new ByteReader(bytes);
            if (!in.fixed("magic and version", MAGIC.length).equals(Bytes.of(MAGIC))) {
                throw ByteReader.malformed("vector does not start with FLM and version " + RoundPlan.VERSION);
            }
            SessionId session = new SessionId(in.fixed("session", SessionId.SIZE));
            long client = in.u64("client");
            int dimension = in.u32("dimension");
            in.end();
            try {
                return new Header(session, client, dimension);
            } catch (IllegalArgumentException e) {
                throw new ProtocolException(ProtocolException.Reason.MALFORMED, String.valueOf(e.getMessage()), e);
            }
        }
    }

    /** Returns the vector of {@code client}; the array is copied. */
    public static MaskedVector of(SessionId session, long client, int[] coordinates) {
        return new MaskedVector(new Header(session, client, coordinates.length), coordinates.clone());
    }

    /** Returns session, sender and dimension. */
    public Header header() {
        return header;
    }

    /** Returns the length of the body, header included. */
    public long byteCount() {
        return HEADER_BYTES + 4L * coordinates.length;
    }

    /** Returns the SHA-256 of the body, header included; computed once. */
    public Bytes sha256() {
        Bytes known = hash;
        if (known == null) {
            MessageDigest digest = Bytes.newSha256();
            digest.update(header.toBytes());
            for (int from = 0; from < coordinates.length; from += CHUNK) {
                digest.update(chunk(from));
            }
            known = Bytes.of(digest.digest());
            hash = known;
        }
        return known;
    }

    /** Writes the body. */
    public void writeTo(OutputStream out) throws IOException {
        out.write(header.toBytes());
        for (int from = 0; from < coordinates.length; from += CHUNK) {
            out.write(chunk(from));
        }
    }

    /** Returns a new stream over the body that holds one chunk in memory; for HTTP clients that pull. */
    public InputStream newInputStream() {
        return new Body();
    }

    private byte[] chunk(int from) {
        int count = Math.min(CHUNK, coordinates.length - from);
        byte[] bytes = new byte[4 * count];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(coordinates, from, count);
        return bytes;
    }

    /** Names sender and size only. */
    @Override
    public String toString() {
        return "MaskedVector[client " + header.client() + ", " + coordinates.length + " coordinates]";
    }

    private final class Body extends InputStream {
        private byte[] current = header.toBytes();
        private int position;
        private int next;

        @Override
        public int read() {
            if (!hasCurrent()) {
                return -1;
            }
            return current[position++] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            if (length == 0) {
                return 0;
            }
            if (!hasCurrent()) {
                return -1;
            }
            int count = Math.min(length, current.length - position);
            System.arraycopy(current, position, target, offset, count);
            position += count;
            return count;
        }

        private boolean hasCurrent() {
            if (position == current.length && next < coordinates.length) {
                current = chunk(next);
                next += current.length / 4;
                position = 0;
            }
            return position < current.length;
        }
    }
}
