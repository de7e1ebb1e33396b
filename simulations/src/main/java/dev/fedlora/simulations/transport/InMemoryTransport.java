package dev.fedlora.simulations.transport;

import dev.fedlora.aggregation.secagg.MaskedIntake;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ServerMessage;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SignedPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.aggregation.wire.WireFormat;
import dev.fedlora.client.transport.CoordinatorException;
import dev.fedlora.client.transport.CoordinatorTransport;
import dev.fedlora.client.transport.RoundEndedException;
import dev.fedlora.client.transport.TaskFinishedException;
import dev.fedlora.coordinator.round.RefusedException;
import dev.fedlora.coordinator.round.RoundService;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One client's way to a {@link RoundService} in the same process. Messages and vectors pass as the bytes of their wire
 * format, encoded and decoded on the way, so that nothing but the network is left out; requests are not signed, since there
 * is nobody between the two who could forge them.
 */
public final class InMemoryTransport implements CoordinatorTransport {
    private final RoundService service;
    private final long client;

    /** Makes the way of {@code client}; the service stays the caller's to close. */
    public InMemoryTransport(RoundService service, long client) {
        this.service = service;
        this.client = client;
    }

    @Override
    public TaskSpec task(String task) throws IOException {
        return answered(() -> TaskSpec.ofJson(service.task(task).toJson()));
    }

    @Override
    public Optional<SignedPlan> awaitPlan(String task, long afterRound, Duration wait)
            throws IOException, InterruptedException {
        return awaited(answered(() -> service.awaitPlan(task, afterRound)), wait)
                .map(plan -> WireFormat.decodePlan(WireFormat.encode(plan)));
    }

    @Override
    public byte[] adapter(Bytes hash) throws IOException {
        return answered(() -> service.adapter(hash, client));
    }

    @Override
    public void send(SessionId session, Phase phase, byte[] message) throws IOException {
        answered(() -> {
            service.post(session, phase, client, message);
            return message;
        });
    }

    @Override
    public void sendMasked(SessionId session, MaskedVector vector) throws IOException {
        answered(() -> {
            try (MaskedIntake intake = service.openMasked(session, client)) {
                vector.writeTo(new IntakeStream(intake));
                intake.commit();
            }
            return vector;
        });
    }

    @Override
    public Optional<ServerMessage> await(SessionId session, Phase phase, Duration wait)
            throws IOException, InterruptedException {
        return awaited(answered(() -> service.answer(session, phase, client)), wait)
                .map(message -> WireFormat.decodeServer(WireFormat.encode(message)));
    }

    private interface Call<T> {
        T run() throws IOException;
    }

    private static <T> T answered(Call<T> call) throws IOException {
        try {
            return call.run();
        } catch (RefusedException | ProtocolException refused) {
            throw problem(refused);
        }
    }

    private static <T> Optional<T> awaited(CompletionStage<T> stage, Duration wait)
            throws IOException, InterruptedException {
        CompletableFuture<T> answer = stage.toCompletableFuture();
        try {
            return Optional.of(answer.get(wait.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw problem(e.getCause() == null ? e : e.getCause());
        }
    }

    /** Returns what {@code HttpTransport} throws when the coordinator answers this failure with a problem document. */
    private static IOException problem(Throwable failure) {
        String detail = String.valueOf(failure.getMessage());
        if (failure instanceof RefusedException refused) {
            String type = name(refused.reason());
            return switch (refused.reason()) {
                case TASK_ENDED ->
                    refused.adapter()
                            .<IOException>map(adapter -> new TaskFinishedException(detail, adapter))
                            .orElseGet(() -> new CoordinatorException(410, "task-finished", detail));
                case UNKNOWN_ROUND -> new RoundEndedException(404, type, detail);
                case ROUND_ABORTED, ROUND_OVER -> new RoundEndedException(409, type, detail);
                case NO_SUCH_PHASE -> new RoundEndedException(409, "wrong-phase", detail);
                case UNKNOWN_TASK, UNKNOWN_ADAPTER -> new CoordinatorException(404, type, detail);
                case UNKNOWN_CLIENT -> new CoordinatorException(403, type, detail);
                case MISDIRECTED -> new CoordinatorException(422, "message-refused", detail);
                case STOPPING -> new CoordinatorException(503, "not-ready", detail);
            };
        }
        if (failure instanceof ProtocolException refused) {
            return switch (refused.reason()) {
                case WRONG_PHASE -> new RoundEndedException(409, "wrong-phase", detail);
                case UNKNOWN_CLIENT, COHORT_FULL -> new RoundEndedException(403, "not-in-cohort", detail);
                case TOO_FEW_CLIENTS -> new RoundEndedException(409, "round-aborted", detail);
                case MALFORMED,
                        WRONG_SESSION,
                        DUPLICATE,
                        BAD_SIGNATURE,
                        BAD_KEY,
                        BAD_SHARE,
                        BAD_LIST,
                        WRONG_LENGTH,
                        PLAN_REFUSED,
                        WRONG_ADAPTER,
                        IMPLAUSIBLE_SUM -> new CoordinatorException(422, name(refused.reason()), detail);
            };
        }
        return new IOException("the coordinator failed: " + detail, failure);
    }

    private static String name(Enum<?> reason) {
        return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Hands on what is written to it, chunk by chunk. */
    private static final class IntakeStream extends OutputStream {
        private final MaskedIntake intake;

        IntakeStream(MaskedIntake intake) {
            this.intake = intake;
        }

        @Override
        public void write(int single) {
            intake.add(ByteBuffer.wrap(new byte[] {(byte) single}));
        }

        @Override
        public void write(byte[] chunk, int offset, int length) {
            intake.add(ByteBuffer.wrap(chunk, offset, length));
        }
    }
}
