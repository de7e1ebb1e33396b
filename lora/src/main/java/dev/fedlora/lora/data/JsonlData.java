package dev.fedlora.lora.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Examples of either kind, for who takes both: a file whose first example has a {@code "prompt"} or a {@code "response"} is
 * one of prompts, one whose first has a {@code "text"} or a {@code "label"} is one of labelled texts. All its lines must be of
 * that kind.
 *
 * @see JsonlExamples
 * @see JsonlPrompts
 */
public final class JsonlData {
    private JsonlData() {}

    /**
     * Returns all examples of {@code file}, all of one kind.
     *
     * @throws dev.fedlora.lora.file.MalformedFileException when a line is not an example of the first one's kind, or there
     *     is none
     * @throws IOException when it cannot be read
     */
    public static List<OwnedExample> read(Path file) throws IOException {
        return JsonlFile.read(file, new FirstDecides());
    }

    /**
     * Says whether {@code file} is one of prompts, and not of labelled texts; reads its first example alone.
     *
     * @throws dev.fedlora.lora.file.MalformedFileException when the first line is neither, or there is none
     * @throws IOException when it cannot be read
     */
    public static boolean holdsPrompts(Path file) throws IOException {
        return JsonlFile.first(file, JsonlData::isPrompt);
    }

    private static boolean isPrompt(JsonlObject first) {
        if (first.hasOneOf("prompt", "response")) {
            return true;
        }
        if (first.hasOneOf("text", "label")) {
            return false;
        }
        throw first.malformed("has neither \"text\" and \"label\" nor \"prompt\" and \"response\"");
    }

    /** Parses all lines as the first one asks for. Used once. */
    private static final class FirstDecides implements Function<JsonlObject, OwnedExample> {
        private @Nullable Function<JsonlObject, ? extends OwnedExample> parse;

        @Override
        public OwnedExample apply(JsonlObject line) {
            if (parse == null) {
                parse = isPrompt(line) ? JsonlPrompts::parse : JsonlExamples::parse;
            }
            return parse.apply(line);
        }
    }
}
