package dev.fedlora.cli.artifact;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.config.ConfigurationException;
import dev.fedlora.lora.file.TextFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Complete tasks in files, as JSON, or as the same in YAML where the file's name ends so. Stateless. */
public final class TaskFile {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    private TaskFile() {}

    /**
     * Reads a task.
     *
     * @throws ConfigurationException listing every mistake in it
     * @throws IOException when the file cannot be read or is no task; the message names it
     */
    public static TaskSpec read(Path file) throws IOException {
        String text = TextFile.read(file);
        try {
            boolean isYaml =
                    file.toString().endsWith(".yaml") || file.toString().endsWith(".yml");
            TaskSpec task = TaskSpec.ofJson(isYaml ? JSON.writeValueAsString(YAML.readTree(text)) : text);
            List<String> problems = task.problems();
            if (!problems.isEmpty()) {
                throw new ConfigurationException(file.toString(), problems);
            }
            return task;
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            String where = line > 0 ? ":" + line : "";
            throw new IOException(file + where + ": no complete task: " + e.getOriginalMessage(), e);
        }
    }
}
