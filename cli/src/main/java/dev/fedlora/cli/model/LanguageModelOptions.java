package dev.fedlora.cli.model;

import dev.fedlora.cli.artifact.AdapterFile;
import dev.fedlora.cli.artifact.OpenedBase;
import dev.fedlora.lora.model.BoundAdapter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The model of commands that predict tokens, and the adapter over it. */
final class LanguageModelOptions {
    @Parameters(paramLabel = "FILE", description = "A GGUF model that predicts tokens.")
    private Path file;

    @Option(
            names = "--adapter",
            paramLabel = "ADAPTER",
            description = "A GGUF adapter, a PEFT directory or an adapter as a coordinator stores it.")
    private @Nullable Path adapter;

    @Option(
            names = "--adapter-scale",
            paramLabel = "S",
            defaultValue = "1",
            description = "What the adapter's own scale is multiplied by (default: ${DEFAULT-VALUE}).")
    private float adapterScale = 1;

    /**
     * Opens the model.
     *
     * @throws IOException when it cannot be read
     */
    OpenedBase open() throws IOException {
        return OpenedBase.open(file);
    }

    /**
     * Returns the adapter over {@code base}, or null when none was given.
     *
     * @throws IllegalArgumentException when it does not fit
     * @throws IOException when it cannot be read
     */
    @Nullable BoundAdapter adapter(OpenedBase base) throws IOException {
        Path path = adapter;
        return path == null ? null : base.model().bind(AdapterFile.read(path, base.file()), adapterScale);
    }

    /** Returns the tokens of a text, after the one that begins texts where the model expects one. */
    static int[] tokens(OpenedBase base, String text) {
        return IntStream.concat(
                        base.tokenizer().beginId().stream(),
                        IntStream.of(base.tokenizer().encode(text)))
                .toArray();
    }
}
