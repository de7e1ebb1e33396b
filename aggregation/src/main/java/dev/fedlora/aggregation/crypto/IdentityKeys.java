package dev.fedlora.aggregation.crypto;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * A long-term Ed25519 key pair (RFC 8032): of a client, or of the coordinator. It never prints its private half.
 *
 * <p>On disk it is one line, {@code fedlora-ed25519 HEX}, in a file that only its owner may read. Thread-safe until
 * {@link #close()}.
 */
public final class IdentityKeys implements AutoCloseable {
    /** Bytes of a public key. */
    public static final int PUBLIC_KEY_BYTES = Ed25519.PUBLIC_KEY_SIZE;
    /** Bytes of a signature. */
    public static final int SIGNATURE_BYTES = Ed25519.SIGNATURE_SIZE;

    private static final String FILE_TAG = "fedlora-ed25519 ";

    private final Secret privateKey;
    private final byte[] publicKey;

    private IdentityKeys(Secret privateKey) {
        this.privateKey = privateKey;
        this.publicKey = new byte[PUBLIC_KEY_BYTES];
        Ed25519.generatePublicKey(privateKey.expose(), 0, publicKey, 0);
    }

    /** Makes a new key pair. */
    public static IdentityKeys generate(SecureRandom random) {
        return new IdentityKeys(Secret.random(random, Ed25519.SECRET_KEY_SIZE));
    }

    /**
     * Takes over a private key of 32 bytes.
     *
     * @throws IllegalArgumentException when it has another length
     */
    public static IdentityKeys ofPrivateKey(Secret privateKey) {
        if (privateKey.size() != Ed25519.SECRET_KEY_SIZE) {
            throw new IllegalArgumentException("private key must be 32 bytes, got " + privateKey.size());
        }
        return new IdentityKeys(privateKey);
    }

    /** Returns a copy of the public key, 32 bytes. */
    public byte[] publicKey() {
        return publicKey.clone();
    }

    /** Signs {@code message}; 64 bytes. */
    public byte[] sign(byte[] message) {
        byte[] signature = new byte[SIGNATURE_BYTES];
        Ed25519.sign(privateKey.expose(), 0, publicKey, 0, message, 0, message.length, signature, 0);
        return signature;
    }

    /** Says whether {@code signature} over {@code message} verifies; false for keys or signatures of a wrong length. */
    public static boolean verify(byte[] publicKey, byte[] message, byte[] signature) {
        return publicKey.length == PUBLIC_KEY_BYTES
                && signature.length == SIGNATURE_BYTES
                && Ed25519.verify(signature, 0, publicKey, 0, message, 0, message.length);
    }

    /** Says whether {@code candidate} is a point of the right order: for keys that come from elsewhere. */
    public static boolean isPublicKey(byte[] candidate) {
        return candidate.length == PUBLIC_KEY_BYTES && Ed25519.validatePublicKeyFull(candidate, 0);
    }

    /**
     * Writes the private key to a new file that only its owner may read.
     *
     * @throws IOException when the file exists or cannot be written
     */
    public void save(Path file) throws IOException {
        byte[] line = (FILE_TAG + HexFormat.of().formatHex(privateKey.expose()) + "\n")
                .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        Set<StandardOpenOption> options = EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (SeekableByteChannel channel = Files.newByteChannel(file, options, ownerOnly())) {
            ByteBuffer left = ByteBuffer.wrap(line);
            while (left.hasRemaining()) {
                channel.write(left);
            }
        } finally {
            Arrays.fill(line, (byte) 0);
        }
    }

    private static FileAttribute<?>[] ownerOnly() {
        if (!FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
            return new FileAttribute<?>[0];
        }
        return new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        };
    }

    /**
     * Reads a key pair that {@link #save} wrote.
     *
     * @throws IOException when the file is absent, is no key file, or others than its owner may read it
     */
    public static IdentityKeys load(Path file) throws IOException {
        if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (!EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)
                    .containsAll(permissions)) {
                throw new IOException(
                        "identity key file " + file + " must be readable by its owner only (rw-------), is "
                                + PosixFilePermissions.toString(permissions));
            }
        }
        byte[] line = Files.readAllBytes(file);
        try {
            return new IdentityKeys(parse(file, line));
        } finally {
            Arrays.fill(line, (byte) 0);
        }
    }

    private static Secret parse(Path file, byte[] line) throws IOException {
        int digits = 2 * Ed25519.SECRET_KEY_SIZE;
        byte[] key = new byte[Ed25519.SECRET_KEY_SIZE];
        boolean isGood = line.length == FILE_TAG.length() + digits + 1 && line[line.length - 1] == '\n';
        for (int i = 0; isGood && i < FILE_TAG.length(); i++) {
            isGood = line[i] == FILE_TAG.charAt(i);
        }
        for (int i = 0; isGood && i < digits; i++) {
            int digit = Character.digit(line[FILE_TAG.length() + i], 16);
            isGood = digit >= 0;
            key[i / 2] = (byte) (key[i / 2] << 4 | digit);
        }
        if (!isGood) {
            Arrays.fill(key, (byte) 0);
            throw new IOException("identity key file " + file + " must hold '" + FILE_TAG + "' and 64 hex digits");
        }
        return Secret.taking(key);
    }

    /** Wipes the private key. */
    @Override
    public void close() {
        privateKey.close();
    }

    /** Prints the public key only. */
    @Override
    public String toString() {
        return "IdentityKeys[public " + HexFormat.of().formatHex(publicKey) + "]";
    }
}
