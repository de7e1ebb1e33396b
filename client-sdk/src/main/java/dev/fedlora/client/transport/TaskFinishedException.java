package dev.fedlora.client.transport;

import dev.fedlora.aggregation.wire.Bytes;

/** The task has no further round; its last adapter is known by hash. */
public final class TaskFinishedException extends CoordinatorException {
    private final transient Bytes adapterHash;

    /** Makes the answer that a task is finished with this adapter, SHA-256 of its bytes. */
    public TaskFinishedException(String detail, Bytes adapterHash) {
        super(410, "task-finished", detail);
        this.adapterHash = adapterHash;
    }

    /** Returns the SHA-256 of the final adapter's bytes, as the coordinator claims it. */
    public Bytes adapterHash() {
        return adapterHash;
    }
}
