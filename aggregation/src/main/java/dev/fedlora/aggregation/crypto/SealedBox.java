package dev.fedlora.aggregation.crypto;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256-GCM (NIST SP 800-38D): nonce of 12 bytes, ciphertext, tag of 16 bytes. The nonce is random although every key
 * seals one message only. Stateless.
 */
public final class SealedBox {
    /** Bytes a box is longer than what it holds. */
    public static final int OVERHEAD_BYTES = 12 + 16;

    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final int KEY_BYTES = 32;

    private SealedBox() {}

    /** Seals {@code content} under a key of 32 bytes; {@code context} is authenticated and not sent. */
    public static byte[] seal(Secret key, Secret content, byte[] context, SecureRandom random) {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        return seal(key, content, context, nonce);
    }

    static byte[] seal(Secret key, Secret content, byte[] context, byte[] nonce) {
        byte[] box = new byte[content.size() + OVERHEAD_BYTES];
        System.arraycopy(nonce, 0, box, 0, NONCE_BYTES);
        try {
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, key, box);
            cipher.updateAAD(context);
            cipher.doFinal(content.expose(), 0, content.size(), box, NONCE_BYTES);
            return box;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM cannot seal " + content.size() + " bytes", e);
        }
    }

    /** Opens a box; nothing when key, context or any bit of the box is another one. */
    public static Optional<Secret> open(Secret key, byte[] box, byte[] context) {
        if (box.length < OVERHEAD_BYTES) {
            return Optional.empty();
        }
        try {
            Cipher cipher = cipher(Cipher.DECRYPT_MODE, key, box);
            cipher.updateAAD(context);
            return Optional.of(Secret.taking(cipher.doFinal(box, NONCE_BYTES, box.length - NONCE_BYTES)));
        } catch (AEADBadTagException e) {
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM cannot open " + box.length + " bytes", e);
        }
    }

    private static Cipher cipher(int mode, Secret key, byte[] box) throws GeneralSecurityException {
        if (key.size() != KEY_BYTES) {
            throw new IllegalArgumentException("sealing key must be 32 bytes, got " + key.size());
        }
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(key.expose(), "AES"), new GCMParameterSpec(TAG_BITS, box, 0, NONCE_BYTES));
        return cipher;
    }
}
