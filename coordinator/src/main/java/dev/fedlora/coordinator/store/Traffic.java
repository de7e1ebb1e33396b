package dev.fedlora.coordinator.store;

/**
 * Bytes of bodies that went to and from one client in one round; headers and TLS are not counted.
 *
 * @param up from the client
 * @param down to the client
 */
public record Traffic(long up, long down) {
    /** No bytes. */
    public static final Traffic NONE = new Traffic(0, 0);

    /** Returns the sum of both. */
    public Traffic plus(long moreUp, long moreDown) {
        return new Traffic(up + moreUp, down + moreDown);
    }
}
