package dev.fedlora.lora.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.fedlora.lora.file.MalformedFileException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * A file of one JSON object a line; blank lines count as none. One bad line refuses the file. Errors name file and line, and
 * never quote the text.
 */
final class JsonlFile {
    /** Longest line, in bytes: far above any text that a model can take in. */
    static final int MAX_LINE_BYTES = 1 << 20;

    private static final int BYTE_ORDER_MARK = 0xFEFF;
    private static final ObjectReader JSON = new ObjectMapper(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                    .build())
            .reader()
            .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .forType(JsonNode.class);

    private final Path file;
    private int line;

    private JsonlFile(Path file) {
        this.file = file;
    }

    /**
     * Returns what {@code parse} makes of all objects of {@code file}.
     *
     * @throws MalformedFileException when a line is not an object, {@code parse} refuses one, or there is none
     * @throws IOException when it cannot be read
     */
    static <E> List<E> read(Path file, Function<JsonlObject, E> parse) throws IOException {
        List<E> all = new ArrayList<>();
        forEach(file, parse, all::add);
        if (all.isEmpty()) {
            throw new MalformedFileException(file, "holds no examples");
        }
        return all;
    }

    /** Gives what {@code parse} makes of each object to {@code action} one by one, in constant memory. */
    static <E> void forEach(Path file, Function<JsonlObject, E> parse, Consumer<E> action) throws IOException {
        new JsonlFile(file).stream(object -> {
            action.accept(parse.apply(object));
            return true;
        });
    }

    /**
     * Returns what {@code parse} makes of the first object; nothing behind it is read.
     *
     * @throws MalformedFileException when it is not an object, {@code parse} refuses it, or there is none
     */
    static <E> E first(Path file, Function<JsonlObject, E> parse) throws IOException {
        List<E> first = new ArrayList<>(1);
        new JsonlFile(file).stream(object -> {
            first.add(parse.apply(object));
            return false;
        });
        if (first.isEmpty()) {
            throw new MalformedFileException(file, "holds no examples");
        }
        return first.get(0);
    }

    /** @param goesOn takes an object and says whether it wants the next */
    private void stream(Predicate<JsonlObject> goesOn) throws IOException {
        byte[] buffer = new byte[MAX_LINE_BYTES];
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            for (int length = readLine(in, buffer); length >= 0; length = readLine(in, buffer)) {
                line++;
                String text = decode(buffer, length);
                if (!text.isBlank() && !goesOn.test(new JsonlObject(place(), parse(text)))) {
                    return;
                }
            }
        }
    }

    /** Reads up to a line feed into {@code buffer} and returns the length, -1 at the file's end. */
    private int readLine(InputStream in, byte[] buffer) throws IOException {
        int length = 0;
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                return length == 0 ? -1 : length;
            }
            if (length == buffer.length) {
                line++;
                throw malformed("is longer than %d bytes".formatted(MAX_LINE_BYTES));
            }
            buffer[length++] = (byte) next;
        }
        return length;
    }

    private String decode(byte[] buffer, int length) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(buffer, 0, length))
                    .toString();
            boolean marked = line == 1 && !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
            return marked ? text.substring(1) : text;
        } catch (CharacterCodingException notText) {
            throw malformed("is not valid UTF-8");
        }
    }

    private JsonNode parse(String text) {
        JsonNode object;
        try {
            object = JSON.readValue(text);
        } catch (JsonProcessingException notJson) { // its message may quote the text
            int column =
                    notJson.getLocation() == null ? 0 : notJson.getLocation().getColumnNr();
            throw malformed("is not valid JSON at column " + column);
        }
        if (!object.isObject()) {
            throw malformed("is not a JSON object");
        }
        return object;
    }

    private String place() {
        return file + ", line " + line;
    }

    private MalformedFileException malformed(String problem) {
        return new MalformedFileException(place(), problem);
    }
}
