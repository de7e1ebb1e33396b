package dev.fedlora.lora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fedlora.lora.file.MalformedFileException;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The templates are shortened from those that models bring. What each makes of PROMPT and RESPONSE is what jinja2 3.1, the
 * reference implementation, makes of the model's whole template, without the begin token, without what follows the end of
 * the turn, and without a system message where the model adds one of its own.
 */
class ChatTemplatesTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            quoteCharacter = '`',
            value = {
                "chatml ! {{'<|im_start|>' + m['role'] + '~' + m['content'] + '<|im_end|>' + '~'}}"
                        + " ! <|im_start|>user~PROMPT<|im_end|>~<|im_start|>assistant~RESPONSE<|im_end|>",
                "qwen3 ! {{'<|im_start|>' + m.role}}{% if enable_thinking is false %}{{'<think>~~</think>~~'}}{% endif %}"
                        + " ! <|im_start|>user~PROMPT<|im_end|>~<|im_start|>assistant~<think>~~</think>~~RESPONSE<|im_end|>",
                "phi4 ! {{'<|im_start|>' + m['role'] + '<|im_sep|>' + m['content'] + '<|im_end|>'}}"
                        + " ! <|im_start|>user<|im_sep|>PROMPT<|im_end|><|im_start|>assistant<|im_sep|>RESPONSE<|im_end|>",
                "llama2 ! {{ '[INST] ' + content.strip() + ' [/INST]' }}{{ ' '  + content.strip() + ' ' + eos_token }}"
                        + " ! [INST] PROMPT [/INST] RESPONSE $",
                "mistral-v0 ! {{ '[INST] ' + m['content'] + ' [/INST]' }}{{ m['content'] + eos_token}}"
                        + " ! [INST] PROMPT [/INST]RESPONSE$",
                "mistral-v1 ! {{ ' [INST] ' + system_message + m['content'] + ' [/INST]' }}{{ ' ' + m['content'] + eos_token}}"
                        + " ! ` [INST] PROMPT [/INST] RESPONSE$`",
                "mistral-v3 ! {{ '[AVAILABLE_TOOLS] ' }}{{ '[INST] ' + m['content'] + '[/INST]' }}{{ ' ' + c + eos_token}}"
                        + " ! [INST] PROMPT[/INST] RESPONSE$",
                "mistral-tekken ! {{ \"[AVAILABLE_TOOLS]\" }}{{ \"[INST]\" + m[\"content\"] + \"[/INST]\" }}{{ c + eos_token}}"
                        + " ! [INST]PROMPT[/INST]RESPONSE$",
                "zephyr ! {% if user %}~{{ '<|user|>~' + message['content'] + eos_token }}~{% elif assistant %}~"
                        + "{{ '<|assistant|>~'  + message['content'] + eos_token }}~{% endif %}"
                        + " ! <|user|>~PROMPT$~<|assistant|>~RESPONSE$",
                "phi3 ! {{'<|user|>' + '~' + m['content'] + '<|end|>' + '~' + '<|assistant|>' + '~'}}"
                        + " ! <|user|>~PROMPT<|end|>~<|assistant|>~RESPONSE<|end|>",
                "gemma ! {{ '<start_of_turn>' + role + '~' + m['content'] | trim + '<end_of_turn>~' }}"
                        + " ! <start_of_turn>user~PROMPT<end_of_turn>~<start_of_turn>model~RESPONSE<end_of_turn>",
                "llama3 ! {{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>~~'+ m['content'] | trim + '<|eot_id|>' }}"
                        + " ! <|start_header_id|>user<|end_header_id|>~~PROMPT<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>~~RESPONSE<|eot_id|>",
                "vicuna ! {{ 'USER: ' + m['content'] + '~' }}{{ 'ASSISTANT: ' + m['content'] + '</s>~' }}"
                        + " ! USER: PROMPT~ASSISTANT: RESPONSE$",
                "deepseek-llm ! {{ 'User: ' + message['content'] + '~~' }}{{ 'Assistant: ' + message['content'] + eos_token }}"
                        + " ! User: PROMPT~~Assistant: RESPONSE$",
                "deepseek-coder ! {{ '### Instruction:~' + m['content'] + '~' }}{{ '### Response:~' + c + '~<|EOT|>~' }}"
                        + " ! ### Instruction:~PROMPT~### Response:~RESPONSE~<|EOT|>",
                "deepseek3 ! {{ '<\uff5cUser\uff5c>' + c }}{{ '<\uff5cAssistant\uff5c>' + c + '<\uff5cend\u2581of\u2581sentence\uff5c>' }}"
                        + " ! <\uff5cUser\uff5c>PROMPT<\uff5cAssistant\uff5c>RESPONSE$"
            })
    void recognize_templatesOfModels_givesTheirFrames(String name, String template, String made) {
        for (String lineEnd : new String[] {"\n", "\\n"}) { // files have either
            assertThat(ChatTemplates.recognize(template.replace("~", lineEnd))).isEqualTo(name);
        }
        PromptTemplate.Frame frame = ChatTemplates.named(name).frame();
        assertThat(frame.beforePrompt() + "PROMPT" + frame.afterPrompt() + frame.beforeResponse() + "RESPONSE"
                        + frame.afterResponse())
                .isEqualTo(made.replace('~', '\n').replace('$', PromptTemplate.END_OF_TEXT));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            value = {
                "{{'<|im_start|>' + m['role'] + m['content'] + '<end_of_utterance>'}}",
                "{{'[gMASK]<sop>'}}{{ '<|user|>' + c + '<|assistant|>' }}",
                "{{ '<|user|>' + '\\n' + message['content'] + '\\n<|assistant|>' + '</s>' }}",
                "{{ '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>' + c }}",
                "{{ m['role'] + ': ' + m['content'] }}"
            })
    void recognize_otherTemplates_givesNone(String template) {
        assertThat(ChatTemplates.recognize(template)).isEmpty();
    }

    @Test
    void of_auto_takesTheModelsOwnOrPlain() throws IOException {
        assertThat(PromptTemplate.of("auto", model("{{ '<start_of_turn>' }}")).name())
                .isEqualTo("gemma");
        assertThat(PromptTemplate.of("auto", model("")).name()).isEqualTo("plain");
        assertThat(PromptTemplate.of("llama3", model("anything"))).hasToString("llama3");
    }

    @Test
    void of_unknown_namesTheChoices() throws IOException {
        GgufFile odd = model("{{ 'odd' }}");
        assertThatThrownBy(() -> PromptTemplate.of("auto", odd))
                .isInstanceOf(MalformedFileException.class)
                .hasMessageContaining(
                        "model.gguf: tokenizer.chat_template is none of those known here; choose one of [plain, ")
                .hasMessageContaining("llama3");
        assertThatThrownBy(() -> PromptTemplate.of("alpaca", odd))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("template alpaca is unknown, allowed are [auto, plain, ")
                .hasMessageContaining("instruction");
    }

    private GgufFile model(String template) throws IOException {
        Path file = folder.resolve("model.gguf");
        GgufWriter writer = new GgufWriter().text("general.architecture", "llama");
        (template.isEmpty() ? writer : writer.text("tokenizer.chat_template", template)).write(file);
        return GgufFile.open(file);
    }
}
