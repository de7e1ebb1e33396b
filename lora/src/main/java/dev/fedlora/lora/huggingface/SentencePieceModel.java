package dev.fedlora.lora.huggingface;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.fedlora.lora.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A tokenizer.model, as far as GGUF needs it: the pieces, and whether text gets a space before it. The protobuf wire format
 * is read by hand; every length is compared with what is left before anything of it is read.
 *
 * <p>Source: sentencepiece_model.proto.
 */
final class SentencePieceModel {
    private static final long MAX_BYTES = 1 << 26; // the largest known, of 260,000 pieces, takes a tenth
    private static final int MODEL_PIECES = 1;
    private static final int MODEL_TRAINER = 2;
    private static final int MODEL_NORMALIZER = 3;
    private static final int PIECE_TEXT = 1;
    private static final int PIECE_SCORE = 2;
    private static final int PIECE_TYPE = 3;
    private static final int TRAINER_MODEL_TYPE = 3;
    private static final int NORMALIZER_ADD_PREFIX = 3;
    private static final int UNIGRAM = 1; // also what is meant when nothing is said
    private static final int BPE = 2;
    private static final int LAST_TYPE = 6; // byte

    private final Path path;
    private final List<Piece> pieces = new ArrayList<>();
    private int modelType = UNIGRAM;
    private boolean addsPrefix = true;

    /** A token; types are numbered as in ggml. */
    record Piece(String text, float score, int type) {}

    private SentencePieceModel(Path path) {
        this.path = path;
    }

    /**
     * Reads {@code path}.
     *
     * @throws MalformedFileException when it is not a SentencePiece model that merges pairs
     * @throws IOException when it cannot be read
     */
    static SentencePieceModel read(Path path) throws IOException {
        if (Files.size(path) > MAX_BYTES) {
            throw new MalformedFileException(path, "has more than %d bytes".formatted(MAX_BYTES));
        }
        byte[] bytes = Files.readAllBytes(path);
        SentencePieceModel model = new SentencePieceModel(path);
        try {
            model.parse(CodedInputStream.newInstance(bytes));
        } catch (IOException broken) { // of the wire format: the bytes are all here
            throw new MalformedFileException(
                    path.toString(), "is not a SentencePiece model: " + broken.getMessage(), broken);
        }
        if (model.pieces.isEmpty()) {
            throw new MalformedFileException(path, "is not a SentencePiece model: it has no pieces");
        }
        if (model.modelType != BPE) {
            throw new MalformedFileException(
                    path,
                    "is a SentencePiece model of type %d, GGUF's \"llama\" vocabulary means type %d (BPE)"
                            .formatted(model.modelType, BPE));
        }
        return model;
    }

    /** Returns the pieces by id. */
    List<Piece> pieces() {
        return pieces;
    }

    /** Says whether text gets a space before it. */
    boolean addsPrefix() {
        return addsPrefix;
    }

    private void parse(CodedInputStream in) throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (field(tag, WireFormat.WIRETYPE_LENGTH_DELIMITED)) {
                case MODEL_PIECES -> message(in, this::piece);
                case MODEL_TRAINER -> message(in, this::trainer);
                case MODEL_NORMALIZER -> message(in, this::normalizer);
                default -> skip(in, tag);
            }
        }
    }

    /** What reads one message, to its end. */
    private interface Message {
        void read(CodedInputStream in) throws IOException;
    }

    private static void message(CodedInputStream in, Message message) throws IOException {
        int limit = in.pushLimit(in.readRawVarint32()); // refuses what is negative or more than is left
        message.read(in);
        in.checkLastTagWas(0);
        in.popLimit(limit);
    }

    private void piece(CodedInputStream in) throws IOException {
        String text = "";
        float score = 0;
        int type = TokenList.NORMAL;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == tag(PIECE_TEXT, WireFormat.WIRETYPE_LENGTH_DELIMITED)) {
                text = in.readStringRequireUtf8();
            } else if (tag == tag(PIECE_SCORE, WireFormat.WIRETYPE_FIXED32)) {
                score = in.readFloat();
            } else if (tag == tag(PIECE_TYPE, WireFormat.WIRETYPE_VARINT)) {
                type = in.readEnum();
            } else {
                skip(in, tag);
            }
        }
        if (text.isEmpty() || type < TokenList.NORMAL || type > LAST_TYPE || !Float.isFinite(score)) {
            throw new MalformedFileException(
                    path,
                    "piece %d is \"%s\" with score %s and type %d, expected text, a finite score and a type from 1 to %d"
                            .formatted(pieces.size(), text, score, type, LAST_TYPE));
        }
        pieces.add(new Piece(text, score, type));
    }

    private void trainer(CodedInputStream in) throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == tag(TRAINER_MODEL_TYPE, WireFormat.WIRETYPE_VARINT)) {
                modelType = in.readEnum();
            } else {
                skip(in, tag);
            }
        }
    }

    private void normalizer(CodedInputStream in) throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == tag(NORMALIZER_ADD_PREFIX, WireFormat.WIRETYPE_VARINT)) {
                addsPrefix = in.readBool();
            } else {
                skip(in, tag);
            }
        }
    }

    private static void skip(CodedInputStream in, int tag) throws IOException {
        if (!in.skipField(tag)) {
            throw new IOException("a group ends that never began");
        }
    }

    private static int field(int tag, int wireType) {
        return WireFormat.getTagWireType(tag) == wireType ? WireFormat.getTagFieldNumber(tag) : 0;
    }

    private static int tag(int field, int wireType) {
        return field << 3 | wireType; // the wire format's
    }
}
