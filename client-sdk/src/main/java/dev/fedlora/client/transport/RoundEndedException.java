package dev.fedlora.client.transport;

/**
 * This client's part in the round is over: the round was aborted or has ended, or it went on without this client. The
 * next plan is the way on.
 */
public final class RoundEndedException extends CoordinatorException {
    /** Makes the answer that a round is over for this client; the arguments are the problem document's. */
    public RoundEndedException(int status, String type, String detail) {
        super(status, type, detail);
    }
}
