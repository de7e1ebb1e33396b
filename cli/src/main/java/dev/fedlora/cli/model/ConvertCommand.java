package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.BuiltInModel;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.onnx.OnnxBertConverter;
import dev.fedlora.lora.onnx.OnnxSource;
import dev.fedlora.lora.quant.QuantizationType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora model convert}: ONNX encoder to GGUF. */
@Command(name = "convert", description = "Convert an ONNX text encoder of the BERT family to GGUF.")
final class ConvertCommand extends AnsweringCommand {
    @Parameters(
            paramLabel = "IN",
            description =
                    "An .onnx file with tokenizer.json beside it, a jar that holds both, or the name of a built-in"
                            + " model: all-minilm-l6-v2.")
    private String source;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The GGUF file to write.")
    private Path out;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "Q8_0",
            description = "How weights are stored: F32, F16, Q8_0 or Q4_0 (default: ${DEFAULT-VALUE}).")
    private QuantizationType type = QuantizationType.Q8_0;

    @Override
    protected Answer answer() throws IOException {
        if (!OnnxBertConverter.TYPES.contains(type)) {
            throw wrongUsage("--type is %s, encoders are converted to %s".formatted(type, OnnxBertConverter.TYPES));
        }
        Optional<BuiltInModel> builtIn = BuiltInModel.find(source);
        OnnxBertConverter.convert(
                builtIn.isPresent() ? builtIn.get().open() : OnnxSource.open(Path.of(source)), type, out);
        GgufFile written = GgufFile.open(out);
        ObjectNode json = Answer.object();
        json.put("file", out.toString());
        json.put("type", type.toString());
        json.put("bytes", written.size());
        json.put("sha256", written.sha256());
        return Answer.of(json, "%s: %s, %,d bytes, sha256 %s".formatted(out, type, written.size(), written.sha256()));
    }
}
