package dev.fedlora.privacy.ledger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.privacy.accounting.NoiseKind;
import dev.fedlora.privacy.accounting.SampledGaussian;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;

/** Lines of a ledger file as bytes, without their line feed; see the package's description. Stateless but for its digest. */
final class LedgerLines {
    private static final String LEDGER = "fedlora-privacy";
    private static final int VERSION = 1;
    private static final String MECHANISM = "sampled-gaussian";
    private static final byte[] HASH_FIELD = ",\"hash\":\"".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HASH_END = "\"}".getBytes(StandardCharsets.US_ASCII);
    private static final int HASH_DIGITS = 64;
    private static final int TAIL = HASH_FIELD.length + HASH_DIGITS + HASH_END.length;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final MessageDigest sha256;

    LedgerLines() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256", impossible);
        }
    }

    /** A line cannot be what this class wrote; the message says why. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed(String reason) {
            super(reason);
        }
    }

    byte[] header(LedgerTerms terms) {
        ObjectNode header = JSON.createObjectNode()
                .put("ledger", LEDGER)
                .put("version", VERSION)
                .put("accountant", terms.accountant())
                .put("unit", name(terms.unit()))
                .put("audience", name(terms.audience()));
        return sealed(header);
    }

    byte[] charge(LedgerHead head, Charge charge) {
        return sealed(putCharge(following(head), charge));
    }

    byte[] note(LedgerHead head, String text) {
        return sealed(putNote(following(head), text));
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    static ObjectNode putCharge(ObjectNode line, Charge charge) {
        SampledGaussian event = charge.event();
        return line.put("kind", "charge")
                .put("task", charge.release().task())
                .put("round", charge.release().round())
                .put("planHash", charge.release().planHash())
                .put("amplification", name(charge.amplification()))
                .put("mechanism", MECHANISM)
                .put("noiseMultiplier", event.noiseMultiplier())
                .put("samplingRate", event.samplingRate())
                .put("noise", name(event.noise()))
                .put("steps", charge.steps())
                .put("at", charge.at().toString());
    }

    static ObjectNode putNote(ObjectNode line, String text) {
        return line.put("kind", "note").put("text", text);
    }

    byte[] head(LedgerHead head) {
        return sealed(JSON.createObjectNode().put("sequence", head.sequence()).put("last", head.hash()));
    }

    /** The hash that a line ends in, after it was checked against the line. */
    String hashOf(byte[] line) throws Malformed {
        int body = line.length - TAIL;
        if (body < 1 || !has(line, body, HASH_FIELD) || !has(line, line.length - HASH_END.length, HASH_END)) {
            throw new Malformed("the line does not end in its hash");
        }
        sha256.update(line, 0, body);
        String expected = HexFormat.of().formatHex(sha256.digest());
        String written = new String(line, body + HASH_FIELD.length, HASH_DIGITS, StandardCharsets.ISO_8859_1);
        if (!written.equals(expected)) {
            throw new Malformed("its hash is \"" + written + "\", must be " + expected);
        }
        return written;
    }

    LedgerTerms readHeader(byte[] line) throws Malformed {
        hashOf(line);
        JsonNode header = parse(line);
        try {
            if (!text(header, "ledger").equals(LEDGER) || header.path("version").asInt() != VERSION) {
                throw new Malformed("it is not a " + LEDGER + " ledger of version " + VERSION);
            }
            return new LedgerTerms(
                    text(header, "accountant"),
                    constant(PrivacyUnit.class, header, "unit"),
                    constant(Audience.class, header, "audience"));
        } catch (IllegalArgumentException unknown) {
            throw new Malformed(String.valueOf(unknown.getMessage()));
        }
    }

    LedgerEntry readEntry(byte[] line, LedgerHead before) throws Malformed {
        String hash = hashOf(line);
        JsonNode entry = parse(line);
        long sequence = number(entry, "sequence");
        if (sequence != before.sequence() + 1) {
            throw new Malformed("its sequence number is " + sequence + ", must be " + (before.sequence() + 1));
        }
        if (!text(entry, "previous").equals(before.hash())) {
            throw new Malformed("it follows a line with hash " + text(entry, "previous") + ", not the line above it");
        }
        String kind = text(entry, "kind");
        return switch (kind) {
            case "charge" -> new LedgerEntry.Charged(sequence, readCharge(entry), hash);
            case "note" -> new LedgerEntry.Noted(sequence, text(entry, "text"), hash);
            default -> throw new Malformed("its kind is \"" + kind + "\", must be charge or note");
        };
    }

    LedgerHead readHead(byte[] line) throws Malformed {
        hashOf(line);
        JsonNode head = parse(line);
        return new LedgerHead(number(head, "sequence"), text(head, "last"));
    }

    private static Charge readCharge(JsonNode entry) throws Malformed {
        if (!text(entry, "mechanism").equals(MECHANISM)) {
            throw new Malformed("its mechanism is \"" + text(entry, "mechanism") + "\", must be " + MECHANISM);
        }
        try {
            var release = new ReleaseId(text(entry, "task"), number(entry, "round"), text(entry, "planHash"));
            var event = new SampledGaussian(
                    entry.path("noiseMultiplier").asDouble(Double.NaN),
                    entry.path("samplingRate").asDouble(Double.NaN),
                    constant(NoiseKind.class, entry, "noise"));
            return new Charge(
                    release,
                    event,
                    number(entry, "steps"),
                    constant(Amplification.class, entry, "amplification"),
                    Instant.parse(text(entry, "at")));
        } catch (IllegalArgumentException | DateTimeException bad) {
            throw new Malformed(String.valueOf(bad.getMessage()));
        }
    }

    private static ObjectNode following(LedgerHead head) {
        return object().put("sequence", head.sequence() + 1).put("previous", head.hash());
    }

    /** The object's bytes with their own hash as the last field. */
    private byte[] sealed(ObjectNode object) {
        byte[] json = bytes(object);
        int body = json.length - 1; // without the closing brace
        sha256.update(json, 0, body);
        byte[] hash = HexFormat.of().formatHex(sha256.digest()).getBytes(StandardCharsets.US_ASCII);
        byte[] line = Arrays.copyOf(json, body + TAIL);
        System.arraycopy(HASH_FIELD, 0, line, body, HASH_FIELD.length);
        System.arraycopy(hash, 0, line, body + HASH_FIELD.length, HASH_DIGITS);
        System.arraycopy(HASH_END, 0, line, line.length - HASH_END.length, HASH_END.length);
        return line;
    }

    private static byte[] bytes(ObjectNode object) {
        try {
            return JSON.writeValueAsBytes(object);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("a tree of texts and numbers is always JSON", impossible);
        }
    }

    private static JsonNode parse(byte[] line) throws Malformed {
        try {
            return JSON.readTree(new String(line, StandardCharsets.UTF_8));
        } catch (JsonProcessingException bad) {
            throw new Malformed("it is not JSON: " + bad.getOriginalMessage());
        }
    }

    private static boolean has(byte[] line, int at, byte[] expected) {
        return Arrays.equals(line, at, at + expected.length, expected, 0, expected.length);
    }

    static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static <E extends Enum<E>> E constant(Class<E> type, JsonNode object, String field) throws Malformed {
        String name = text(object, field);
        try {
            return Enum.valueOf(type, name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException unknown) {
            throw new Malformed("its " + field + " is \"" + name + "\", which is unknown");
        }
    }

    private static String text(JsonNode object, String field) throws Malformed {
        JsonNode value = object.path(field);
        if (!value.isTextual()) {
            throw new Malformed("it has no text \"" + field + "\"");
        }
        return value.textValue();
    }

    private static long number(JsonNode object, String field) throws Malformed {
        JsonNode value = object.path(field);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw new Malformed("it has no whole number \"" + field + "\"");
        }
        return value.longValue();
    }
}
