package dev.fedlora.aggregation.wire;

import java.util.List;

/** The lengths that every message is checked against, where it is made and where it is read. */
final class Sizes {
    static final int HASH = 32;
    static final int PUBLIC_KEY = 32;
    static final int NONCE = 32;
    static final int SIGNATURE = 64;
    /** One Shamir share of 32 bytes: 5 limbs of 8 bytes. */
    static final int SHARE = 40;
    /** AES-GCM nonce, x-coordinate, two shares, tag. */
    static final int BOX = 12 + 4 + 2 * SHARE + 16;

    private Sizes() {}

    static void require(String field, int size, Bytes value) {
        if (value.size() != size) {
            throw new IllegalArgumentException(field + " must be " + size + " bytes, got " + value.size());
        }
    }

    static void requireClient(long id) {
        if (id < 1) {
            throw new IllegalArgumentException("client id must be at least 1, got " + id);
        }
    }

    /** Ids in strictly ascending order have one form only, and none twice. */
    static void requireAscending(String list, List<Long> ids) {
        long before = 0;
        for (long id : ids) {
            if (id <= before) {
                throw new IllegalArgumentException(list
                        + " must be positive ids in ascending order without repeats, got " + id + " after " + before);
            }
            before = id;
        }
    }
}
