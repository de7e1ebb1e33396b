package dev.fedlora.coordinator.round;

import dev.fedlora.aggregation.secagg.MaskedIntake;
import dev.fedlora.aggregation.wire.Bytes;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;

/** An intake that says how many bytes it took in, once they are part of the sum. Used by one thread at a time. */
final class CountedIntake implements MaskedIntake {
    private final MaskedIntake intake;
    private final LongConsumer committed;
    private long bytes;

    CountedIntake(MaskedIntake intake, LongConsumer committed) {
        this.intake = intake;
        this.committed = committed;
    }

    @Override
    public void add(ByteBuffer chunk) {
        int length = chunk.remaining();
        intake.add(chunk);
        bytes += length;
    }

    @Override
    public Bytes sha256() {
        return intake.sha256();
    }

    @Override
    public void commit() {
        intake.commit();
        committed.accept(bytes);
    }

    @Override
    public void rollback() {
        intake.rollback();
    }
}
