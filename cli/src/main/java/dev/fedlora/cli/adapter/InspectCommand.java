package dev.fedlora.cli.adapter;

import dev.fedlora.cli.artifact.AdapterFile;
import dev.fedlora.cli.artifact.AdapterForm;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.gguf.GgufFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora adapter inspect}: what an adapter changes, and in which model. */
@Command(
        name = "inspect",
        description = "Show what an adapter changes and by how much, and which base model it is for.")
final class InspectCommand extends AnsweringCommand {
    @Parameters(
            paramLabel = "ADAPTER",
            description = "A PEFT directory, a GGUF adapter, or an adapter as a coordinator stores it.")
    private Path path;

    @Option(
            names = "--base",
            paramLabel = "FILE",
            description = "Its GGUF base model: checks that the adapter fits. Needed for GGUF adapters, and for PEFT"
                    + " directories that do not say their base.")
    private @Nullable Path base;

    @Override
    protected Answer answer() throws IOException {
        LoraAdapter adapter = AdapterFile.read(path, base == null ? null : GgufFile.open(base));
        return new AdapterAnswer(adapter, AdapterForm.of(path), bytes()).answer();
    }

    /** Returns the size of the file, or of the files in the directory. */
    private long bytes() throws IOException {
        if (!Files.isDirectory(path)) {
            return Files.size(path);
        }
        long bytes = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path, "adapter_*")) {
            for (Path file : files) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }
}
