package dev.fedlora.cli.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.cli.Fedlora;
import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** What one command printed, and how it ended. */
public record CommandRun(int exitCode, String out, String err) {
    /** Runs {@code fedlora} with {@code arguments}. */
    public static CommandRun of(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command =
                Fedlora.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        String[] words = new String[arguments.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = arguments[i].toString();
        }
        return new CommandRun(command.execute(words), out.toString(), err.toString());
    }

    /** Returns standard output as JSON; fails when it is anything but one JSON value. */
    public JsonNode json() {
        try {
            return new ObjectMapper()
                    .readerFor(JsonNode.class)
                    .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .readValue(out);
        } catch (JsonProcessingException notJson) {
            throw new AssertionError("standard output is not one JSON value: " + out + err, notJson);
        }
    }
}
