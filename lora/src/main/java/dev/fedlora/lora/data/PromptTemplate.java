package dev.fedlora.lora.data;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;

/**
 * How a prompt and a response are put together for a model: the text around the two, in which special tokens are written by
 * their names, and what ends the response.
 *
 * <p>{@code plain} puts nothing around them and is what a base model takes; {@code instruction} is Alpaca's; the others are
 * chat templates. A chat template is recognized by what is peculiar to its text, as llama.cpp does it, not executed: system
 * messages, dates and tools that some models' templates add by default are left out.
 *
 * <p>Immutable and thread-safe.
 */
public final class PromptTemplate {
    /** The GGUF key of a model's own chat template. */
    public static final String CHAT_TEMPLATE = "tokenizer.chat_template";
    /** Stands for the model's end-of-text token in a frame; no text has it. */
    static final char END_OF_TEXT = '\uFFFF';

    private final String name;
    private final Frame frame;

    /**
     * The text around prompt and response.
     *
     * @param beforePrompt from the start of the text
     * @param afterPrompt up to where the model goes on by itself
     * @param beforeResponse what the model itself puts before its response: learned
     * @param afterResponse what ends the response: learned
     * @param trims whether white space around prompt and response is dropped
     */
    record Frame(String beforePrompt, String afterPrompt, String beforeResponse, String afterResponse, boolean trims) {}

    PromptTemplate(String name, Frame frame) {
        this.name = name;
        this.frame = frame;
    }

    /**
     * Returns the template {@code name}; of {@code auto}, the model's own, plain where it has none.
     *
     * @param name one of {@link ChatTemplates#names}
     * @throws IllegalArgumentException when there is no such template; the message names the choices
     * @throws MalformedFileException when the model's own is asked for and is not one of those known here
     */
    public static PromptTemplate of(String name, GgufFile model) {
        return ChatTemplates.AUTO.equals(name) ? ChatTemplates.ofModel(model) : ChatTemplates.named(name);
    }

    /**
     * Returns a template that puts {@code separator} alone between prompt and response.
     *
     * @param separator such as a line feed; spaces at its end count to the response, where vocabularies have them
     */
    public static PromptTemplate plain(String separator) {
        String spaceless = separator.replaceAll(" +$", "");
        String spaces = separator.substring(spaceless.length());
        return new PromptTemplate(
                ChatTemplates.PLAIN, new Frame("", spaceless, spaces, String.valueOf(END_OF_TEXT), false));
    }

    /** Returns the name by which it is chosen. */
    public String name() {
        return name;
    }

    Frame frame() {
        return frame;
    }

    @Override
    public String toString() {
        return name;
    }
}
