package dev.fedlora.cli.adapter;

import dev.fedlora.cli.artifact.AdapterFile;
import dev.fedlora.cli.artifact.AdapterForm;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.safetensors.AdapterBytes;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora adapter convert}: an adapter in another form. */
@Command(name = "convert", description = "Write an adapter in another form.")
final class ConvertCommand extends AnsweringCommand {
    @Parameters(
            paramLabel = "ADAPTER",
            description = "A PEFT directory, a GGUF adapter, or an adapter as a coordinator stores it.")
    private Path path;

    @Option(
            names = "--to",
            required = true,
            paramLabel = "FORM",
            description = "${COMPLETION-CANDIDATES}. A GGUF adapter holds no classifier head.")
    private AdapterForm form = AdapterForm.PEFT;

    @Option(names = "--out", required = true, paramLabel = "PATH", description = "The directory or file to write.")
    private Path out;

    @Option(
            names = "--base",
            paramLabel = "FILE",
            description = "Its GGUF base model: checks that the adapter fits. Needed to read GGUF adapters and PEFT"
                    + " directories that do not say their base, and to write PEFT directories of a llama's queries or"
                    + " keys, whose rows are ordered by the base's heads.")
    private @Nullable Path base;

    @Override
    protected Answer answer() throws IOException {
        GgufFile opened = base == null ? null : GgufFile.open(base);
        LoraAdapter adapter = AdapterFile.read(path, opened);
        AdapterFile.write(adapter, opened, form, out);
        if (form == AdapterForm.GGUF && adapter.head() != null) {
            progress().println("note: a GGUF adapter holds no classifier head; the head is not in " + out);
        }
        String hash = AdapterBytes.sha256(adapter);
        return Answer.of(Answer.object().put("out", out.toString()).put("sha256", hash), out + ": adapter " + hash);
    }
}
