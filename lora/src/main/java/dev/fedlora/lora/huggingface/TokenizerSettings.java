package dev.fedlora.lora.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.file.TextFile;
import dev.fedlora.lora.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What tokenizer_config.json, config.json and the chat template's own file say about a vocabulary. */
final class TokenizerSettings {
    private static final long MAX_TEMPLATE_BYTES = 1 << 20; // real ones take some 10 KiB
    /** Kinds of special tokens and what GGUF calls them. */
    private static final Map<String, String> SPECIAL = new LinkedHashMap<>();

    static {
        SPECIAL.put("bos", "bos");
        SPECIAL.put("eos", "eos");
        SPECIAL.put("unk", "unknown");
        SPECIAL.put("sep", "seperator"); // sic: llama.cpp's spelling
        SPECIAL.put("pad", "padding");
        SPECIAL.put("cls", "cls");
        SPECIAL.put("mask", "mask");
    }

    private final Path directory;
    private final JsonFile settings;
    private final JsonFile config;

    private TokenizerSettings(Path directory, JsonFile settings, JsonFile config) {
        this.directory = directory;
        this.settings = settings;
        this.config = config;
    }

    /** Reads what there is in {@code directory}, whose config.json is {@code config}. */
    static TokenizerSettings read(Path directory, JsonFile config) throws IOException {
        return new TokenizerSettings(
                directory, JsonFile.readIfPresent(directory.resolve("tokenizer_config.json")), config);
    }

    /** Sets the tokens that were added to the vocabulary after it was made; ids that no row has are left out. */
    void addTokens(TokenList tokens) {
        for (Map.Entry<String, JsonNode> entry :
                settings.object("added_tokens_decoder").fields()) {
            JsonNode text = entry.getValue().path("content");
            if (!entry.getKey().matches("\\d{1,9}")
                    || !text.isTextual()
                    || text.textValue().isEmpty()) {
                throw settings.malformed("added_tokens_decoder has %s under %s, expected a token under its id"
                        .formatted(JsonFile.brief(entry.getValue()), entry.getKey()));
            }
            int id = Integer.parseInt(entry.getKey());
            if (id < tokens.size()) {
                tokens.add(
                        id, text.textValue(), entry.getValue().path("special").asBoolean());
            }
        }
    }

    /** Returns whether text gets a space before it, if this says so. */
    Optional<Boolean> addsPrefix() {
        return settings.flag("add_prefix_space");
    }

    /**
     * Returns the ids of the special tokens, under GGUF's names for them: tokens that tokenizer_config.json names, else ids
     * that config.json gives.
     */
    Map<String, Integer> specialIds(TokenList tokens) {
        Map<String, Integer> ids = tokens.ids();
        Map<String, Integer> special = new LinkedHashMap<>();
        SPECIAL.forEach((kind, name) -> {
            Integer id = ids.get(text(settings.get(kind + "_token")));
            JsonNode given = config.get(kind + "_token_id"); // a list of ids names none as the one
            if (id == null && given.isInt() && given.intValue() >= 0 && given.intValue() < tokens.size()) {
                id = given.intValue();
            }
            if (id != null) {
                special.put(name, id);
            }
        });
        return special;
    }

    private static String text(JsonNode token) {
        return token.isObject() ? token.path("content").asText() : token.asText();
    }

    /** Writes whether sequences begin and end with their tokens, and the chat template. */
    void writeTo(GgufWriter out, boolean addsBegin) throws IOException {
        out.flag("tokenizer.ggml.add_bos_token", settings.flag("add_bos_token").orElse(addsBegin));
        out.flag("tokenizer.ggml.add_eos_token", settings.flag("add_eos_token").orElse(false));
        String template = chatTemplate();
        if (template != null) {
            out.text("tokenizer.chat_template", template);
        }
    }

    private @Nullable String chatTemplate() throws IOException {
        JsonNode template = settings.get("chat_template");
        if (template.isTextual()) {
            return template.textValue();
        }
        for (JsonNode named : template) { // of several, the one that is meant when none is named
            if (named.path("name").asText().equals("default")) {
                return named.path("template").asText();
            }
        }
        Path file = directory.resolve("chat_template.jinja");
        if (!Files.isRegularFile(file)) {
            return null;
        }
        if (Files.size(file) > MAX_TEMPLATE_BYTES) {
            throw new MalformedFileException(file, "has more than %d bytes".formatted(MAX_TEMPLATE_BYTES));
        }
        return TextFile.read(file);
    }
}
