package dev.fedlora.lora.data;

import static dev.fedlora.lora.data.PromptTemplate.END_OF_TEXT;

import dev.fedlora.lora.data.PromptTemplate.Frame;
import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The templates by name, and which of them a model's own chat template is. */
public final class ChatTemplates {
    /** The name that stands for the model's own template. */
    public static final String AUTO = "auto";

    static final String PLAIN = "plain";
    private static final String EOS = String.valueOf(END_OF_TEXT);
    private static final String ALPACA = "Below is an instruction that describes a task. "
            + "Write a response that appropriately completes the request.\n\n### Instruction:\n";
    private static final Map<String, Frame> FRAMES = new LinkedHashMap<>();

    static {
        FRAMES.put(PLAIN, new Frame("", "", "", EOS, false));
        FRAMES.put("lines", new Frame("", "\n", "", EOS, false));
        FRAMES.put("instruction", new Frame(ALPACA, "\n\n### Response:\n", "", EOS, true));
        FRAMES.put("chatml", turns("<|im_start|>user\n", "<|im_end|>", "\n<|im_start|>assistant\n", false));
        FRAMES.put(
                "qwen3", // as without thinking: an empty thought comes first
                new Frame(
                        "<|im_start|>user\n",
                        "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
                        "",
                        "<|im_end|>",
                        false));
        FRAMES.put("llama2", new Frame("[INST] ", " [/INST]", " ", " " + EOS, true));
        FRAMES.put(
                "llama3",
                turns(
                        "<|start_header_id|>user<|end_header_id|>\n\n",
                        "<|eot_id|>",
                        "<|start_header_id|>assistant<|end_header_id|>\n\n",
                        true));
        FRAMES.put("mistral-v0", new Frame("[INST] ", " [/INST]", "", EOS, false));
        FRAMES.put("mistral-v1", new Frame(" [INST] ", " [/INST]", " ", EOS, false));
        FRAMES.put("mistral-v3", new Frame("[INST] ", "[/INST]", " ", EOS, false));
        FRAMES.put("mistral-tekken", new Frame("[INST]", "[/INST]", "", EOS, false));
        FRAMES.put("zephyr", turns("<|user|>\n", EOS, "\n<|assistant|>\n", false));
        FRAMES.put("phi3", turns("<|user|>\n", "<|end|>", "\n<|assistant|>\n", false));
        FRAMES.put("phi4", turns("<|im_start|>user<|im_sep|>", "<|im_end|>", "<|im_start|>assistant<|im_sep|>", false));
        FRAMES.put("gemma", turns("<start_of_turn>user\n", "<end_of_turn>", "\n<start_of_turn>model\n", true));
        FRAMES.put("vicuna", new Frame("USER: ", "\nASSISTANT:", " ", EOS, false));
        FRAMES.put("deepseek-coder", new Frame("### Instruction:\n", "\n### Response:\n", "", "\n<|EOT|>", false));
        FRAMES.put("deepseek-llm", new Frame("User: ", "\n\nAssistant:", " ", EOS, false));
        FRAMES.put("deepseek3", new Frame("<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>", "", EOS, false));
    }

    private ChatTemplates() {}

    /** Returns the names of all templates, {@code auto} first. */
    public static List<String> names() {
        return Stream.concat(Stream.of(AUTO), FRAMES.keySet().stream()).toList();
    }

    /** Returns the template {@code name}. */
    static PromptTemplate named(String name) {
        Frame frame = FRAMES.get(name);
        if (frame == null) {
            throw new IllegalArgumentException("template " + name + " is unknown, allowed are " + names());
        }
        return new PromptTemplate(name, frame);
    }

    /** Returns the template that {@code model} brings. */
    static PromptTemplate ofModel(GgufFile model) {
        String text = model.findString(PromptTemplate.CHAT_TEMPLATE).orElse("");
        String name = text.isBlank() ? PLAIN : recognize(text);
        if (name.isEmpty()) {
            throw new MalformedFileException(
                    model.path(),
                    "%s is none of those known here; choose one of %s"
                            .formatted(PromptTemplate.CHAT_TEMPLATE, FRAMES.keySet()));
        }
        return named(name);
    }

    /** Returns the name of what {@code text}, a template in Jinja, makes; empty when it is not known. */
    static String recognize(String text) {
        if (text.contains("<|im_start|>")) {
            return recognizeChatMl(text);
        }
        if (text.contains("[INST]")) {
            return recognizeInst(text);
        }
        if (text.contains("<|assistant|>") && text.contains("<|end|>")) {
            return "phi3";
        }
        String userTurn = plainly(text);
        if (userTurn.contains("'<|user|>\n'+message['content']+eos_token")
                || userTurn.contains("'<|user|>\n'+message['content']+'<|endoftext|>")) {
            return "zephyr"; // TinyLlama's too
        }
        return recognizeRest(text);
    }

    private static String recognizeChatMl(String text) {
        if (text.contains("<|im_sep|>")) {
            return "phi4";
        }
        if (text.contains("<end_of_utterance>")) {
            return ""; // SmolVLM's turns are others
        }
        return text.contains("enable_thinking") ? "qwen3" : "chatml";
    }

    /** Returns a template without spaces and line ends between its words, written with one kind of quotes. */
    private static String plainly(String text) {
        return text.replace("\\n", "\u0001")
                .replaceAll("(<\\|user\\|>)\\n", "$1\u0001")
                .replaceAll("[ \\t\\n\\r]+", "")
                .replace('"', '\'')
                .replace('\u0001', '\n');
    }

    private static String recognizeInst(String text) {
        if (text.contains("[SYSTEM_PROMPT]")) {
            return text.contains("[SYSTEM_PROMPT] ") ? "mistral-v3" : "mistral-tekken"; // version 7's turns are theirs
        }
        if (text.contains("' [INST] ' + system_message") || text.contains("[AVAILABLE_TOOLS]")) {
            return text.contains(" [INST]")
                    ? "mistral-v1"
                    : text.contains("\"[INST]\"") ? "mistral-tekken" : "mistral-v3";
        }
        return plainly(text).contains("+''+eos_token") ? "llama2" : "mistral-v0";
    }

    private static String recognizeRest(String text) {
        if (text.contains("<start_of_turn>")) {
            return "gemma";
        }
        if (text.contains("USER: ") && text.contains("ASSISTANT: ")) {
            return "vicuna";
        }
        if (text.contains("### Instruction:") && text.contains("<|EOT|>")) {
            return "deepseek-coder";
        }
        if (text.contains("<|start_header_id|>") && text.contains("<|end_header_id|>")) {
            return "llama3";
        }
        if (text.contains("'Assistant: ' + message['content'] + eos_token")) {
            return "deepseek-llm";
        }
        boolean deepSeek = text.contains("<\uff5cAssistant\uff5c>") && text.contains("<\uff5cUser\uff5c>");
        return deepSeek ? "deepseek3" : "";
    }

    private static Frame turns(String user, String end, String assistant, boolean trims) {
        return new Frame(user, end + assistant, "", end, trims);
    }
}
