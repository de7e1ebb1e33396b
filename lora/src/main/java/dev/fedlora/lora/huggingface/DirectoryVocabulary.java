package dev.fedlora.lora.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The vocabulary of a model directory, written the way llama.cpp's converter writes it. */
abstract class DirectoryVocabulary {
    private static final String PREFIX = "tokenizer.ggml.";

    private final TokenList tokens;
    private final TokenizerSettings settings;

    private DirectoryVocabulary(TokenList tokens, TokenizerSettings settings) {
        this.tokens = tokens;
        this.settings = settings;
    }

    /**
     * Reads tokenizer.model or, where there is none, tokenizer.json.
     *
     * @param config the directory's config.json
     * @param rows of the embedding
     * @throws MalformedFileException when there is neither, or GGUF has no word for what it is
     */
    static DirectoryVocabulary read(Path directory, JsonFile config, int rows) throws IOException {
        TokenizerSettings settings = TokenizerSettings.read(directory, config);
        Path pieces = directory.resolve("tokenizer.model");
        Path pairs = directory.resolve("tokenizer.json");
        if (Files.isRegularFile(pieces)) {
            return new Pieces(directory, SentencePieceModel.read(pieces), new TokenList(rows), settings);
        }
        if (Files.isRegularFile(pairs)) {
            return new BytePairs(JsonFile.read(pairs), new TokenList(rows), settings);
        }
        throw new MalformedFileException(directory, "has no tokenizer: neither tokenizer.model nor tokenizer.json");
    }

    /** Writes what only this kind of vocabulary has, before the tokens. */
    abstract void writeKind(GgufWriter out);

    /** Says whether sequences begin with a token unless the settings say otherwise. */
    abstract boolean addsBegin();

    /** Adds the vocabulary's metadata. */
    final void writeTo(GgufWriter out) throws IOException {
        writeKind(out);
        out.texts(PREFIX + "tokens", tokens.texts()).i32s(PREFIX + "token_type", tokens.types());
        specialIds().forEach((name, id) -> out.u32(PREFIX + name + "_token_id", id));
        settings.writeTo(out, addsBegin());
    }

    Map<String, Integer> specialIds() {
        return settings.specialIds(tokens);
    }

    private static void put(TokenList tokens, JsonFile source, int id, String text) {
        if (id < 0 || id >= tokens.size() || text.isEmpty()) {
            throw source.malformed(
                    "token \"%s\" has id %d, the embedding has ids 0 to %d".formatted(text, id, tokens.size() - 1));
        }
        tokens.set(id, text, 0, TokenList.NORMAL);
    }

    /** SentencePiece's. */
    private static final class Pieces extends DirectoryVocabulary {
        private final TokenList tokens;
        private final int unknown;
        private final boolean addsPrefix;

        Pieces(Path directory, SentencePieceModel model, TokenList tokens, TokenizerSettings settings)
                throws IOException {
            super(tokens, settings);
            this.tokens = tokens;
            this.addsPrefix = settings.addsPrefix().orElse(model.addsPrefix());
            for (int id = 0; id < Math.min(tokens.size(), model.pieces().size()); id++) {
                SentencePieceModel.Piece piece = model.pieces().get(id);
                tokens.set(id, piece.text(), piece.score(), piece.type());
            }
            this.unknown = tokens.firstOfType(TokenList.UNKNOWN).orElse(-1);
            JsonFile added = JsonFile.readIfPresent(directory.resolve("added_tokens.json"));
            for (Map.Entry<String, JsonNode> entry : added.fields()) {
                if (!entry.getValue().isInt() || entry.getKey().isEmpty()) {
                    throw added.wrong(entry.getKey(), entry.getValue(), "an id");
                }
                int id = entry.getValue().intValue();
                if (id >= 0 && id < tokens.size()) {
                    tokens.add(id, entry.getKey(), false);
                }
            }
            settings.addTokens(tokens);
        }

        @Override
        void writeKind(GgufWriter out) {
            out.text(PREFIX + "model", "llama")
                    .text(PREFIX + "pre", "default")
                    .f32s(PREFIX + "scores", tokens.scores())
                    .flag(PREFIX + "add_space_prefix", addsPrefix);
        }

        @Override
        boolean addsBegin() {
            return true; // as llama.cpp takes it where nothing is said
        }

        @Override
        Map<String, Integer> specialIds() {
            Map<String, Integer> ids = super.specialIds();
            if (unknown >= 0) {
                ids.putIfAbsent("unknown", unknown);
            }
            return ids;
        }
    }

    /** Byte-level BPE. */
    private static final class BytePairs extends DirectoryVocabulary {
        private final JsonFile file;
        private final String preTokenizer;
        private final List<String> merges = new ArrayList<>();

        BytePairs(JsonFile file, TokenList tokens, TokenizerSettings settings) {
            super(tokens, settings);
            this.file = file;
            JsonFile model = file.object("model");
            if (!model.text("type").orElse("").equals("BPE")
                    || model.flag("byte_fallback").orElse(false)) {
                throw file.malformed(
                        "its model is no byte-level BPE but \"%s\"%s; a SentencePiece vocabulary is read from tokenizer.model"
                                .formatted(
                                        model.text("type").orElse(""),
                                        model.flag("byte_fallback").orElse(false) ? " with byte fallback" : ""));
            }
            this.preTokenizer = PreTokenizers.name(file);
            for (Map.Entry<String, JsonNode> entry : model.object("vocab").fields()) {
                put(tokens, file, entry.getValue().asInt(-1), entry.getKey());
            }
            for (JsonNode added : file.get("added_tokens")) {
                int id = added.path("id").asInt(-1);
                put(tokens, file, id, added.path("content").asText());
                tokens.add(
                        id,
                        added.path("content").asText(),
                        added.path("special").asBoolean());
            }
            for (JsonNode merge : model.get("merges")) {
                merges.add(merge(merge));
            }
            settings.addTokens(tokens);
        }

        /** Returns a merge as GGUF has it, its parts with a space between; one inside a part is written as byte-level BPE does. */
        private String merge(JsonNode merge) {
            String[] parts = merge.isTextual()
                    ? merge.textValue().split(" ", -1)
                    : new String[] {
                        merge.path(0).asText().replace(' ', '\u0120'),
                        merge.path(1).asText().replace(' ', '\u0120')
                    };
            if (parts.length != 2 || parts[0].isEmpty() || parts[1].isEmpty() || merge.size() > 2) {
                throw file.malformed("has the merge %s, expected two parts".formatted(JsonFile.brief(merge)));
            }
            return parts[0] + " " + parts[1];
        }

        @Override
        void writeKind(GgufWriter out) {
            out.text(PREFIX + "model", "gpt2")
                    .text(PREFIX + "pre", preTokenizer)
                    .texts(PREFIX + "merges", merges);
        }

        /** The post-processor's template begins with a special token where sequences do. */
        @Override
        boolean addsBegin() {
            JsonNode processor = file.get("post_processor");
            List<JsonNode> steps = new ArrayList<>();
            processor.path("processors").forEach(steps::add);
            steps.add(processor);
            return steps.stream()
                    .filter(step -> step.path("type").asText().equals("TemplateProcessing"))
                    .map(step -> step.path("single"))
                    .anyMatch(single -> single.size() > 1 && single.path(0).has("SpecialToken"));
        }
    }
}
