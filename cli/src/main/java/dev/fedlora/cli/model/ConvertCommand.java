package dev.fedlora.cli.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.BuiltInModel;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.cli.command.CleanEnd;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.huggingface.HuggingFaceConverter;
import dev.fedlora.lora.onnx.OnnxBertConverter;
import dev.fedlora.lora.onnx.OnnxSource;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.Quantizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora model convert}: ONNX encoder or Hugging Face directory to GGUF. */
@Command(
        name = "convert",
        description = "Convert an ONNX text encoder of the BERT family, or a Hugging Face model directory, to GGUF.")
final class ConvertCommand extends AnsweringCommand {
    @Parameters(
            paramLabel = "IN",
            description =
                    "An .onnx file with tokenizer.json beside it, a jar that holds both, the name of a built-in model:"
                            + " all-minilm-l6-v2; or the directory of a Llama, Mistral, Qwen 2, Qwen 3 or BitNet model"
                            + " with config.json, safetensors and tokenizer.")
    private String source;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The GGUF file to write.")
    private Path out;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "Q8_0",
            description =
                    "How weights are stored: F32, F16, Q8_0 or Q4_0, of a directory also BF16, Q4_1, Q5_0, Q5_1, Q4_K,"
                            + " Q5_K or Q6_K (default: ${DEFAULT-VALUE}).")
    private QuantizationType type = QuantizationType.Q8_0;

    @Override
    protected Answer answer() throws IOException {
        CleanEnd end = new CleanEnd();
        try {
            return convert();
        } finally {
            end.allClosed();
        }
    }

    private Answer convert() throws IOException {
        Optional<BuiltInModel> builtIn = BuiltInModel.find(source);
        if (builtIn.isEmpty() && Files.isDirectory(Path.of(source))) {
            requireType("directories", Quantizer.writable());
            HuggingFaceConverter.convert(Path.of(source), type, out);
        } else {
            requireType("encoders", OnnxBertConverter.TYPES);
            OnnxBertConverter.convert(
                    builtIn.isPresent() ? builtIn.get().open() : OnnxSource.open(Path.of(source)), type, out);
        }
        GgufFile written = GgufFile.open(out);
        ObjectNode json = Answer.object();
        json.put("file", out.toString());
        json.put("type", type.toString());
        json.put("bytes", written.size());
        json.put("sha256", written.sha256());
        return Answer.of(json, "%s: %s, %,d bytes, sha256 %s".formatted(out, type, written.size(), written.sha256()));
    }

    private void requireType(String what, Collection<QuantizationType> allowed) {
        if (!allowed.contains(type)) {
            throw wrongUsage("--type is %s, %s are converted to %s".formatted(type, what, allowed));
        }
    }
}
