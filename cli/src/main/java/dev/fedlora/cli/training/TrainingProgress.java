package dev.fedlora.cli.training;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.ProgressLine;
import dev.fedlora.lora.train.ProgressListener;
import java.io.PrintWriter;

/** Tells how far a training has got and how fast it is, and keeps the totals. */
final class TrainingProgress implements ProgressListener, AutoCloseable {
    private final ProgressLine line;
    private final long start = System.nanoTime();
    private long tokens;

    TrainingProgress(PrintWriter out) {
        this.line = new ProgressLine(out);
    }

    @Override
    public void stepDone(StepProgress done) {
        tokens += done.tokens();
        String text = "step %d of %d".formatted(done.step(), done.steps());
        if (!Double.isNaN(done.loss())) {
            text += ", loss %.4f".formatted(done.loss());
        }
        if (tokens > 0) {
            text += ", %.0f tokens/s".formatted(tokens / seconds());
        }
        line.show(done.step(), done.steps(), text);
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /** Puts the time and, where tokens were told, the speed into {@code json}. */
    void addTo(ObjectNode json) {
        json.put("seconds", seconds());
        if (tokens > 0) {
            json.put("tokens", tokens);
            json.put("tokensPerSecond", tokens / seconds());
        }
    }

    /** Takes the line away. */
    @Override
    public void close() {
        line.clear();
    }
}
