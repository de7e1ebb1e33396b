package dev.fedlora.cli.roster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.lora.file.TextFile;
import dev.fedlora.lora.file.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora roster create}: entries put together. */
@Command(
        name = "create",
        description = {
            "Put the entries of a federation's clients together in one roster, and print its hash.",
            "Everybody should get the entries from the clients themselves, or compare the hash with them."
        })
final class CreateCommand extends AnsweringCommand {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where to write the roster, as JSON.")
    private Path out = Path.of("");

    @Parameters(
            arity = "1..*",
            paramLabel = "ENTRY",
            description = "Files with one entry each, as 'fedlora client join' wrote them.")
    private List<Path> files = List.of();

    @Override
    protected Answer answer() throws IOException {
        List<RosterEntry> entries = new ArrayList<>();
        for (Path file : files) {
            entries.add(entry(file));
        }
        Roster roster = new Roster(entries);
        WholeFile.write(out, (roster.toJson() + "\n").getBytes(StandardCharsets.UTF_8));
        ObjectNode json = Answer.object();
        json.put("file", out.toString());
        json.put("clients", roster.size());
        json.put("hash", roster.hash().hex());
        return Answer.of(json, "%d clients, hash %s, in %s".formatted(roster.size(), roster.hash(), out));
    }

    private static RosterEntry entry(Path file) throws IOException {
        try {
            return JSON.readValue(TextFile.read(file), RosterEntry.class);
        } catch (JsonMappingException e) {
            // what the entry itself refuses says it best
            Throwable why = e.getCause() == null ? e : e.getCause();
            String words = why instanceof JsonProcessingException json ? json.getOriginalMessage() : why.getMessage();
            throw new IOException(file + ": no roster entry: " + words, e);
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": no roster entry: " + e.getOriginalMessage(), e);
        }
    }
}
