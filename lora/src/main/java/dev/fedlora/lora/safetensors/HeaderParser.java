package dev.fedlora.lora.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.fedlora.lora.file.MalformedFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Parses a safetensors header and checks it against the number of bytes that follow it. */
final class HeaderParser {
    static final String METADATA = "__metadata__";
    static final Map<String, Integer> TYPE_BYTES =
            Map.of("F64", 8, "F32", 4, "F16", 2, "BF16", 2, "I64", 8, "I32", 4, "I16", 2, "I8", 1, "U8", 1, "BOOL", 1);
    private static final ObjectReader JSON = new ObjectMapper(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .reader()
            .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .forType(JsonNode.class);

    private final String source;
    private final long dataBytes;
    private final Map<String, String> metadata = new TreeMap<>();
    private final List<SafetensorsTensor> tensors = new ArrayList<>();

    HeaderParser(String source, long dataBytes) {
        this.source = source;
        this.dataBytes = dataBytes;
    }

    Map<String, String> metadata() {
        return metadata;
    }

    /** Returns the tensors in the order of their bytes. */
    List<SafetensorsTensor> tensors() {
        return tensors;
    }

    HeaderParser parse(byte[] header) {
        for (Map.Entry<String, JsonNode> entry : readObject(header).properties()) {
            if (entry.getKey().equals(METADATA)) {
                readMetadata(entry.getValue());
            } else {
                tensors.add(readTensor(entry.getKey(), entry.getValue()));
            }
        }
        tensors.sort(Comparator.comparingLong(SafetensorsTensor::begin).thenComparingLong(SafetensorsTensor::end));
        long next = 0;
        for (SafetensorsTensor tensor : tensors) {
            if (tensor.begin() != next) {
                throw malformed("tensor %s begins at byte %d of the data, expected %d: no holes, no overlaps"
                        .formatted(tensor.name(), tensor.begin(), next));
            }
            next = tensor.end();
        }
        if (next != dataBytes) {
            throw malformed("the tensors take %d bytes, but %d follow the header".formatted(next, dataBytes));
        }
        return this;
    }

    private JsonNode readObject(byte[] header) {
        try {
            JsonNode json = JSON.readValue(header, 0, header.length);
            if (json.isObject()) {
                return json;
            }
        } catch (JsonProcessingException notJson) {
            throw malformed("its header is not valid JSON: " + notJson.getOriginalMessage());
        } catch (java.io.IOException notText) {
            throw malformed("its header is not valid UTF-8");
        }
        throw malformed("its header is not a JSON object");
    }

    private void readMetadata(JsonNode values) {
        for (Map.Entry<String, JsonNode> entry : values.properties()) {
            if (!entry.getValue().isTextual()) {
                throw malformed("%s.%s is not a string".formatted(METADATA, entry.getKey()));
            }
            metadata.put(entry.getKey(), entry.getValue().textValue());
        }
    }

    private SafetensorsTensor readTensor(String name, JsonNode entry) {
        String type = entry.path("dtype").asText();
        Integer bytesEach = TYPE_BYTES.get(type);
        if (bytesEach == null) {
            throw malformed("tensor %s has dtype \"%s\", allowed are %s"
                    .formatted(name, type, TYPE_BYTES.keySet().stream().sorted().toList()));
        }
        List<Long> shape = longs(name, "shape", entry.path("shape"));
        List<Long> offsets = longs(name, "data_offsets", entry.path("data_offsets"));
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1) || offsets.get(1) > dataBytes) {
            throw malformed("tensor %s has data_offsets %s, but %d bytes follow the header"
                    .formatted(name, offsets, dataBytes));
        }
        long bytes = bytes(name, shape, bytesEach);
        if (bytes != offsets.get(1) - offsets.get(0)) {
            throw malformed("tensor %s of shape %s in %s takes %d bytes, its data_offsets are %s"
                    .formatted(name, shape, type, bytes, offsets));
        }
        return new SafetensorsTensor(name, type, shape, offsets.get(0), offsets.get(1));
    }

    private List<Long> longs(String name, String field, JsonNode values) {
        List<Long> numbers = new ArrayList<>();
        for (JsonNode value : values) {
            if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
                throw malformed("tensor %s has a %s with %s, expected whole numbers of at least 0"
                        .formatted(name, field, value));
            }
            numbers.add(value.longValue());
        }
        if (!values.isArray()) {
            throw malformed("tensor %s has no list %s".formatted(name, field));
        }
        return numbers;
    }

    private long bytes(String name, List<Long> shape, int bytesEach) {
        try {
            return shape.stream().reduce((long) bytesEach, Math::multiplyExact);
        } catch (ArithmeticException overflow) {
            throw malformed("tensor %s has shape %s, which is not possible".formatted(name, shape));
        }
    }

    private MalformedFileException malformed(String problem) {
        return new MalformedFileException(source, problem);
    }
}
