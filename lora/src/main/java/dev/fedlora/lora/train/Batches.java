package dev.fedlora.lora.train;

import dev.fedlora.lora.data.TrainingExample;
import java.util.ArrayList;
import java.util.List;

/** The batches of one round, in their order: indices of examples, cut by number or by tokens. */
final class Batches {
    private final List<? extends TrainingExample> examples;
    private final int[] turn;
    private final int[] starts; // one more than batches

    /** @param turn the round's examples in their order */
    Batches(List<? extends TrainingExample> examples, int[] turn, TrainingPlan plan) {
        this.examples = examples;
        this.turn = turn;
        List<Integer> cuts = new ArrayList<>(List.of(0));
        int size = 0;
        int tokens = 0;
        for (int i = 0; i < turn.length; i++) {
            int more = examples.get(turn[i]).tokens().length;
            boolean isFull = plan.isPacked() ? tokens + more > plan.batchTokens() : size == plan.batchSize();
            if (size > 0 && isFull) {
                cuts.add(i);
                size = 0;
                tokens = 0;
            }
            size++;
            tokens += more;
        }
        cuts.add(turn.length);
        this.starts = cuts.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Returns the number of batches. */
    int count() {
        return starts.length - 1;
    }

    /** Returns the examples of batch {@code number}, counted from 0. */
    List<TrainingExample> get(int number) {
        List<TrainingExample> batch = new ArrayList<>();
        for (int i = starts[number]; i < starts[number + 1]; i++) {
            batch.add(examples.get(turn[i]));
        }
        return batch;
    }

    /** Returns the examples in batches 0 to {@code count} - 1. */
    int examples(int count) {
        return starts[count];
    }
}
