package dev.fedlora.lora.data;

import dev.fedlora.lora.data.PromptTemplate.Frame;
import dev.fedlora.lora.tokenizer.TextPart;
import dev.fedlora.lora.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Turns prompts and responses into what a language model learns from: one sequence of the template's text, the prompt and
 * the response, of which the response and what ends it are learned.
 *
 * <p>The prompt's tokens are those that the prompt alone has when the model is asked, so that it learns to go on from where
 * it will be; the response is tokenized as text that goes on. A text begins with the model's begin token where the model
 * says so, and once. Names of special tokens in a prompt or a response are text: no example can end its own turn.
 *
 * <p>What is too long loses the end of its response, and then does not learn to stop there. At least a quarter of the
 * sequence is kept for the response, if it has as much: a prompt that leaves less loses its beginning, and keeps the end,
 * to which the response answers. The template's text stays whole.
 *
 * <p>Immutable and thread-safe.
 */
public final class PromptEncoder {
    private static final int LEAST_TOKENS = 4; // for one quarter to be a token
    private static final int RESPONSE_SHARE = 4;

    private final Tokenizer tokenizer;
    private final Frame frame;
    private final int maxTokens;
    private final boolean learnsPrompts;

    /**
     * Encodes with the loss on the response alone.
     *
     * @param maxTokens longest sequence, special tokens included, at least 4
     * @throws IllegalArgumentException when {@code maxTokens} is less
     */
    public PromptEncoder(Tokenizer tokenizer, PromptTemplate template, int maxTokens) {
        this(tokenizer, template.frame(), maxTokens, false);
    }

    private PromptEncoder(Tokenizer tokenizer, Frame frame, int maxTokens, boolean learnsPrompts) {
        if (maxTokens < LEAST_TOKENS) {
            throw new IllegalArgumentException("max tokens must be at least " + LEAST_TOKENS + ", got " + maxTokens);
        }
        this.tokenizer = tokenizer;
        this.frame = frame;
        this.maxTokens = maxTokens;
        this.learnsPrompts = learnsPrompts;
    }

    /** Returns an encoder that has every token learned but the first, prompts and template included. */
    public PromptEncoder learningPrompts() {
        return new PromptEncoder(tokenizer, frame, maxTokens, true);
    }

    /**
     * Returns {@code example} as ids and which of them are learned.
     *
     * @throws IllegalArgumentException when the template's own text leaves no room for it
     */
    public EncodedText encode(PromptExample example) {
        int[] prompt = encodePrompt(example.prompt());
        int[] response = encodeResponse(example.response(), prompt);
        if (prompt.length + response.length > maxTokens) {
            int room = maxTokens - Math.min(response.length, maxTokens / RESPONSE_SHARE);
            prompt = prompt.length <= room ? prompt : cutPrompt(example.prompt(), room);
            response = Arrays.copyOf(response, Math.min(response.length, maxTokens - prompt.length));
        }
        int[] tokens = concat(prompt, response);
        boolean[] learned = new boolean[tokens.length];
        Arrays.fill(learned, learnsPrompts ? Math.min(1, tokens.length) : prompt.length, tokens.length, true);
        if (tokens.length > 0) {
            learned[0] = false; // there is none before it
        }
        return new EncodedText(tokens, learned, example.group());
    }

    /** Returns {@code examples} as ids, in their order. */
    public List<EncodedText> encode(List<PromptExample> examples) {
        return examples.stream().map(this::encode).toList();
    }

    /** Returns the ids after which the model answers {@code prompt}, begin token and template included, of any length. */
    public int[] encodePrompt(String prompt) {
        int[] begin = begin();
        int[] text = encodeFrame(
                List.of(
                        TextPart.markup(frame.beforePrompt()),
                        TextPart.content(trimmed(prompt)),
                        TextPart.markup(frame.afterPrompt())),
                false);
        return concat(begin, text);
    }

    private int[] encodeResponse(String response, int[] prompt) {
        boolean goesOn = prompt.length > 0 && !tokenizer.isSpecial(prompt[prompt.length - 1]);
        return encodeFrame(
                List.of(
                        TextPart.markup(frame.beforeResponse()),
                        TextPart.content(trimmed(response)),
                        TextPart.markup(frame.afterResponse())),
                goesOn);
    }

    /** Returns the ids of a prompt that is too long: its beginning is left out, so that {@code room} tokens remain. */
    private int[] cutPrompt(String prompt, int room) {
        int[] before = concat(begin(), encodeFrame(List.of(TextPart.markup(frame.beforePrompt())), false));
        boolean goesOn = before.length > 0 && !tokenizer.isSpecial(before[before.length - 1]);
        TextPart after = TextPart.markup(frame.afterPrompt());
        int[] text = encodeFrame(List.of(TextPart.content(trimmed(prompt)), after), goesOn);
        int fixed = before.length + encodeFrame(List.of(after), true).length;
        if (fixed >= room) {
            throw new IllegalArgumentException(
                    "the template takes %d tokens of at most %d, and %d of them are for the response"
                            .formatted(fixed, maxTokens, maxTokens - room));
        }
        int kept = Math.min(text.length, room - before.length);
        return concat(before, Arrays.copyOfRange(text, text.length - kept, text.length));
    }

    private int[] begin() {
        OptionalInt id = tokenizer.beginId();
        return id.isPresent() ? new int[] {id.getAsInt()} : new int[0];
    }

    private String trimmed(String text) {
        return frame.trims() ? text.strip() : text;
    }

    /** Returns the ids of {@code parts}, in whose markup {@link PromptTemplate#END_OF_TEXT} is the end-of-text token. */
    private int[] encodeFrame(List<TextPart> parts, boolean goesOn) {
        int[] ids = new int[0];
        boolean continues = goesOn;
        List<TextPart> pending = new ArrayList<>();
        for (TextPart part : parts) {
            String text = part.text();
            for (int end = text.indexOf(PromptTemplate.END_OF_TEXT);
                    part.markup() && end >= 0;
                    end = text.indexOf(PromptTemplate.END_OF_TEXT)) {
                pending.add(TextPart.markup(text.substring(0, end)));
                ids = concat(ids, encodeText(pending, continues), endOfText());
                pending.clear();
                continues = false;
                text = text.substring(end + 1);
            }
            pending.add(new TextPart(text, part.markup()));
        }
        return concat(ids, encodeText(pending, continues));
    }

    private int[] encodeText(List<TextPart> parts, boolean continues) {
        return continues ? tokenizer.encodeContinuation(parts) : tokenizer.encode(parts);
    }

    private int[] endOfText() {
        OptionalInt id = tokenizer.endOfTextId();
        return id.isPresent() ? new int[] {id.getAsInt()} : new int[0];
    }

    private static int[] concat(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(IntStream::of).toArray();
    }
}
