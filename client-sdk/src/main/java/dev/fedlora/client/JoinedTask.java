package dev.fedlora.client;

import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.training.RoundBits;
import dev.fedlora.client.training.RoundTraining;
import dev.fedlora.client.training.TrainerFactory;
import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A task that this client takes part in, with what it keeps between its rounds. Not thread-safe. */
final class JoinedTask {
    private final TaskSpec spec;
    private final PrivacyGuard guard;
    private final RoundBits bits;
    private @Nullable RoundTraining training;
    private long lastPlan;

    JoinedTask(TaskSpec spec, PrivacyGuard guard, RoundBits bits, long lastRound) {
        this.spec = spec;
        this.guard = guard;
        this.bits = bits;
        this.lastPlan = lastRound;
    }

    TaskSpec spec() {
        return spec;
    }

    PrivacyGuard guard() {
        return guard;
    }

    RoundBits bits() {
        return bits;
    }

    /** Returns the number of the last plan that was dealt with, in whatever way. */
    long lastPlan() {
        return lastPlan;
    }

    void dealtWith(RoundPlan plan) {
        lastPlan = Math.max(lastPlan, plan.round());
    }

    /** Returns the training, which is made from the first adapter. */
    RoundTraining training(TrainerFactory trainers, LoraAdapter first) throws IOException {
        if (training == null) {
            training = new RoundTraining(spec, trainers.create(spec, first.copy()), bits);
        }
        return training;
    }

    /**
     * Returns the adapter that {@code bytes} stand for.
     *
     * @throws IllegalArgumentException when they are no adapter, or not one of this task; the message names what differs
     */
    LoraAdapter adapter(byte[] bytes) {
        LoraAdapter adapter;
        try {
            adapter = AdapterBytes.decode(bytes);
        } catch (MalformedFileException e) {
            throw new IllegalArgumentException("the adapter cannot be read: " + e.getMessage(), e);
        }
        List<String> differences = new ArrayList<>();
        compare(differences, "architecture", spec.architecture(), adapter.architecture());
        compare(differences, "base model", spec.baseSha256(), adapter.baseSha256());
        compare(differences, "rank, alpha and targets", spec.adapter(), adapter.spec());
        ClassifierHead head = adapter.head();
        compare(differences, "labels", spec.labels(), head == null ? List.of() : head.labels());
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException("adapter/task mismatch: " + String.join("; ", differences));
        }
        return adapter;
    }

    private static void compare(List<String> differences, String what, Object wanted, Object got) {
        if (!wanted.equals(got)) {
            differences.add("%s of the task is %s, of the adapter %s".formatted(what, wanted, got));
        }
    }
}
