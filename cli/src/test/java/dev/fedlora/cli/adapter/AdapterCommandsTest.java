package dev.fedlora.cli.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.fedlora.cli.artifact.AdapterFile;
import dev.fedlora.cli.artifact.AdapterForm;
import dev.fedlora.cli.artifact.BuiltInModel;
import dev.fedlora.cli.artifact.ModelCache;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.cli.testing.CommandRun;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterCommandsTest {
    @TempDir
    private static Path folder;

    private static Path base;
    private static Path peft;
    private static Path gguf;
    private static Path stored;

    @BeforeAll
    static void write() throws IOException {
        base = new ModelCache(folder).gguf(BuiltInModel.ALL_MINILM_L6_V2, QuantizationType.Q8_0);
        LoraAdapter adapter = OpenedBase.open(base)
                .model()
                .newAdapter(new AdapterSpec(4, 8, List.of("attn_q", "ffn_up")), List.of("calm", "urgent"), 3);
        peft = folder.resolve("peft");
        gguf = folder.resolve("adapter.gguf");
        stored = folder.resolve("adapter.safetensors");
        AdapterFile.write(adapter, null, AdapterForm.PEFT, peft);
        AdapterFile.write(adapter, null, AdapterForm.GGUF, gguf);
        AdapterFile.write(adapter, null, AdapterForm.STORED, stored);
    }

    @Test
    void inspect_everyForm_tellsTheSameAdapter() {
        JsonNode ofPeft = CommandRun.of("adapter", "inspect", peft, "--json").json();
        JsonNode ofStored =
                CommandRun.of("adapter", "inspect", stored, "--json").json();
        assertThat(ofPeft.get("form").asText()).isEqualTo("peft");
        assertThat(ofStored.get("form").asText()).isEqualTo("stored");
        assertThat(ofPeft.get("sha256")).isEqualTo(ofStored.get("sha256"));
        assertThat(ofPeft.get("rank").intValue()).isEqualTo(4);
        assertThat(ofPeft.get("labels").toString()).isEqualTo("[\"calm\",\"urgent\"]");
        assertThat(ofPeft.get("targets").toString()).isEqualTo("[\"attn_q\",\"ffn_up\"]");
        assertThat(ofPeft.get("tensors")).hasSize(12);
        JsonNode ofGguf = CommandRun.of("adapter", "inspect", gguf, "--base", base, "--json")
                .json();
        assertThat(ofGguf.get("form").asText()).isEqualTo("gguf");
        assertThat(ofGguf.get("tensors")).isEqualTo(ofPeft.get("tensors"));
        assertThat(ofGguf.has("labels")).isFalse();
    }

    @Test
    void inspect_forPeople_namesBaseAndLabels() {
        assertThat(CommandRun.of("adapter", "inspect", peft, "--base", base).out())
                .contains("rank 4, alpha 8.0")
                .contains("[calm, urgent]")
                .contains("blk.5.ffn_up.weight");
    }

    @Test
    void inspect_ggufWithoutBase_saysThatItIsNeeded() {
        refuses("adapter.gguf: a GGUF adapter can only be read together with its base model", gguf);
    }

    @Test
    void inspect_otherBase_isRefused() throws IOException {
        Path other = new ModelCache(folder).gguf(BuiltInModel.ALL_MINILM_L6_V2, QuantizationType.Q4_0);
        refuses("base", peft, "--base", other);
        refuses("adapter.gguf", gguf, "--base", other);
        refuses("adapter.safetensors", stored, "--base", other);
    }

    @Test
    void inspect_truncated_isRefused() throws IOException {
        Path broken = folder.resolve("broken.safetensors");
        byte[] whole = Files.readAllBytes(stored);
        Files.write(broken, Arrays.copyOf(whole, whole.length / 2));
        refuses("broken.safetensors", broken);
        Path brokenGguf = folder.resolve("broken.gguf");
        whole = Files.readAllBytes(gguf);
        Files.write(brokenGguf, Arrays.copyOf(whole, whole.length / 2));
        refuses("broken.gguf", brokenGguf, "--base", base);
    }

    @Test
    void convert_thereAndBack_isTheSameAdapter() {
        Path there = folder.resolve("there");
        Path back = folder.resolve("back.safetensors");
        assertThat(CommandRun.of("adapter", "convert", stored, "--to", "peft", "--out", there)
                        .exitCode())
                .isZero();
        assertThat(CommandRun.of("adapter", "convert", there, "--to", "stored", "--out", back)
                        .exitCode())
                .isZero();
        assertThat(back).hasSameBinaryContentAs(stored);
    }

    @Test
    void convert_ofALlama_needsTheBaseForItsHeads() {
        Path stories = Shared.path("models/stories260K-f32.gguf");
        Path theirs = Shared.path("adapters/peft-stories260K");
        Path bytes = folder.resolve("llama.safetensors");
        Path back = folder.resolve("llama-back");
        CommandRun run =
                CommandRun.of("adapter", "convert", theirs, "--to", "stored", "--out", bytes, "--base", stories);
        assertThat(run.exitCode()).as(run.err()).isZero();
        run = CommandRun.of("adapter", "convert", bytes, "--to", "peft", "--out", back);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("adapts attn_k of a llama model").contains("the base model is needed");
        assertThat(back).doesNotExist();
        run = CommandRun.of("adapter", "convert", bytes, "--to", "peft", "--out", back, "--base", stories);
        assertThat(run.exitCode()).as(run.err()).isZero();
        run = CommandRun.of("adapter", "convert", back, "--to", "stored", "--out", folder.resolve("again"));
        assertThat(run.exitCode()).as(run.err()).isZero(); // its own directory says the heads
        assertThat(folder.resolve("again")).hasSameBinaryContentAs(bytes);
    }

    @Test
    void inspect_tellsScalesNormsAndSize() throws IOException {
        JsonNode answer = CommandRun.of("adapter", "inspect", stored, "--json").json();
        assertThat(answer.get("scaling").asText()).isEqualTo("standard");
        assertThat(answer.get("bytes").asLong()).isEqualTo(Files.size(stored));
        JsonNode kind = answer.get("kinds").get(0);
        assertThat(kind.get("target").asText()).isEqualTo("attn_q");
        assertThat(kind.get("tensors").asInt()).isEqualTo(6);
        assertThat(kind.get("ranks")).hasToString("[4]");
        assertThat(kind.get("scales")).hasToString("[2.0]");
        assertThat(kind.get("norm").asDouble()).isZero(); // B starts at zero
        assertThat(answer.get("tensors").get(0).get("scale").asDouble()).isEqualTo(2);
    }

    @Test
    void verify_soundAdapter_tellsWhatFormsCannotHold() {
        CommandRun run = CommandRun.of("adapter", "verify", peft, "--base", base, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("sound").asBoolean()).isTrue();
        assertThat(run.json().get("problems")).isEmpty();
        assertThat(run.json().get("losses").get("gguf")).hasToString("[\"the classifier head\"]");
        assertThat(CommandRun.of("adapter", "verify", peft, "--base", base).out())
                .contains("sound", "lost in form gguf: the classifier head", "lost in form peft: nothing");
    }

    @Test
    void verify_unsoundAdapter_listsProblemsAndExitsWith1() throws IOException {
        Path stories = Shared.path("models/stories260K-f32.gguf");
        CommandRun run = CommandRun.of("adapter", "verify", stored, "--base", stories, "--json");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.json().get("sound").asBoolean()).isFalse();
        assertThat(run.json().get("problems").toString())
                .contains("it is for architecture bert, the base model is llama", "it is for the base model")
                .contains("blk.5.attn_q.weight, which the base model does not have");
        CommandRun text = CommandRun.of("adapter", "verify", stored, "--base", stories);
        assertThat(text.exitCode()).isEqualTo(1);
        assertThat(text.out()).contains("problems").contains("- it is for architecture bert");
    }

    @Test
    void merge_intoTheBase_givesAModel() throws IOException {
        Path stories = Shared.path("models/stories260K-f32.gguf");
        Path adapter = Shared.path("adapters/stories260K-lora-r4.gguf");
        Path out = folder.resolve("merged.gguf");
        CommandRun run =
                CommandRun.of("adapter", "merge", "--base", stories, "--adapter", adapter, "--out", out, "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("tensors").asInt()).isEqualTo(35);
        assertThat(run.json().get("bytes").asLong()).isEqualTo(Files.size(out));
        CommandRun half = CommandRun.of(
                "adapter",
                "merge",
                "--base",
                stories,
                "--adapter",
                adapter,
                "--out",
                out,
                "--type",
                "Q8_0",
                "--adapter-scale",
                "0.5");
        assertThat(half.exitCode()).as(half.err()).isZero();
        CommandRun wrong = CommandRun.of(
                "adapter", "merge", "--base", stories, "--adapter", adapter, "--out", out, "--type", "TQ2_0");
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.err()).contains("--type is TQ2_0, this version writes");
        CommandRun other = CommandRun.of(
                "adapter", "merge", "--base", stories, "--adapter", peft, "--out", folder.resolve("none.gguf"));
        assertThat(other.exitCode()).isEqualTo(1);
        assertThat(folder.resolve("none.gguf")).doesNotExist();
    }

    @Test
    void convert_headToGguf_saysWhatIsLost() {
        CommandRun run = CommandRun.of("adapter", "convert", stored, "--to", "gguf", "--out", folder.resolve("x.gguf"));
        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).contains("no classifier head");
        assertThat(folder.resolve("x.gguf")).hasSameBinaryContentAs(gguf);
    }

    private static void refuses(String why, Object... arguments) {
        Object[] all = new Object[arguments.length + 2];
        all[0] = "adapter";
        all[1] = "inspect";
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        CommandRun run = CommandRun.of(all);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains(why);
        assertThat(run.err().lines()).hasSize(1);
    }
}
