package dev.fedlora.cli.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.JsonlExamples;
import dev.fedlora.lora.file.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code fedlora task create}: a complete task from a draft. */
@Command(
        name = "create",
        description = {
            "Complete a task that is described in a short YAML file, and print its hash. 'fedlora coordinator run --task'"
                    + " takes the result.",
            "The file says: task, federation and rounds; it may say: labels, template, maxTokens, adapter, training,"
                    + " aggregation, privacy. With 'labels: none' the task learns to answer prompts."
        })
final class CreateCommand extends AnsweringCommand {
    @Option(
            names = {"-f", "--file"},
            required = true,
            paramLabel = "FILE",
            description = "The draft, in YAML.")
    private Path file = Path.of("");

    @Option(
            names = "--base",
            required = true,
            paramLabel = "MODEL",
            description = "Base model: a GGUF file, or the built-in all-minilm-l6-v2.")
    private String base = "";

    @Option(
            names = "--labels-from",
            paramLabel = "FILE",
            description = "JSONL whose labels are the classes, sorted, unless the draft names them; may be repeated.")
    private List<Path> data = List.of();

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where to write the task, as JSON.")
    private Path out = Path.of("");

    @Override
    protected Answer answer() throws IOException {
        List<Example> examples = new ArrayList<>();
        for (Path each : data) {
            examples.addAll(JsonlExamples.read(each));
        }
        TaskSpec task = TaskDraft.read(file, OpenedBase.open(base), JsonlExamples.labels(examples));
        WholeFile.write(out, (task.toJson() + "\n").getBytes(StandardCharsets.UTF_8));
        ObjectNode json = Answer.object();
        json.put("task", task.task());
        json.put("hash", task.hash().hex());
        json.put("file", out.toString());
        return Answer.of(json, "task %s, hash %s, in %s".formatted(task.task(), task.hash(), out));
    }
}
