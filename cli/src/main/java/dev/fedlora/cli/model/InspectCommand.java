package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufTensor;
import dev.fedlora.lora.gguf.GgufValue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code fedlora model inspect}: what is in a GGUF file. */
@Command(name = "inspect", description = "Show a GGUF file's metadata and tensors.")
final class InspectCommand extends AnsweringCommand {
    private static final int MOST_SHOWN = 60; // characters of a metadata value, for people

    @Parameters(paramLabel = "FILE", description = "A GGUF file.")
    private Path file;

    @Override
    protected Answer answer() throws IOException {
        GgufFile gguf = GgufFile.open(file);
        return Answer.of(json(gguf), text(gguf));
    }

    private static ObjectNode json(GgufFile gguf) {
        ObjectNode answer = Answer.object();
        answer.put("file", gguf.path().toString());
        answer.put("bytes", gguf.size());
        answer.put("sha256", gguf.sha256());
        answer.put("parameters", parameters(gguf));
        ObjectNode metadata = answer.putObject("metadata");
        gguf.metadata().forEach((key, value) -> metadata.set(key, MetadataJson.of(value)));
        ArrayNode tensors = answer.putArray("tensors");
        for (GgufTensor tensor : gguf.tensors()) {
            ObjectNode entry = tensors.addObject();
            entry.put("name", tensor.name());
            entry.put("type", tensor.type().toString());
            ArrayNode dimensions = entry.putArray("dimensions");
            tensor.dimensions().forEach(dimensions::add);
            entry.put("bytes", tensor.bytes());
        }
        return answer;
    }

    private static String text(GgufFile gguf) {
        List<String> lines = new ArrayList<>();
        lines.add("%s: %,d bytes, %,d parameters in %d tensors"
                .formatted(
                        gguf.path(),
                        gguf.size(),
                        parameters(gguf),
                        gguf.tensors().size()));
        lines.add("sha256 " + gguf.sha256());
        lines.add("");
        for (Map.Entry<String, GgufValue> entry : gguf.metadata().entrySet()) {
            lines.add("%-44s %s".formatted(entry.getKey(), shown(entry.getValue())));
        }
        lines.add("");
        for (GgufTensor tensor : gguf.tensors()) {
            lines.add("%-44s %-6s %s".formatted(tensor.name(), tensor.type(), tensor.dimensions()));
        }
        return String.join(System.lineSeparator(), lines);
    }

    private static String shown(GgufValue value) {
        String text = MetadataJson.of(value).toString();
        int length = text.codePointCount(0, text.length());
        return length <= MOST_SHOWN ? text : text.substring(0, text.offsetByCodePoints(0, MOST_SHOWN)) + "...";
    }

    private static long parameters(GgufFile gguf) {
        return gguf.tensors().stream().mapToLong(GgufTensor::values).sum();
    }
}
