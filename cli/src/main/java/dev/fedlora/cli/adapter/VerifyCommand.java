package dev.fedlora.cli.adapter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.artifact.AdapterForm;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.lora.gguf.GgufFile;
import dev.fedlora.lora.verify.AdapterVerifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fedlora adapter verify}: everything that is wrong with an adapter, before somebody serves it. */
@Command(
        name = "verify",
        description = "Check an adapter against its base model and list all problems; exit code 1 when there are any.")
final class VerifyCommand extends AnsweringCommand {
    @Parameters(
            paramLabel = "ADAPTER",
            description = "A PEFT directory, a GGUF adapter, or an adapter as a coordinator stores it.")
    private Path path;

    @Option(names = "--base", required = true, paramLabel = "FILE", description = "Its GGUF base model.")
    private Path base;

    private boolean isSound;

    @Override
    protected Answer answer() throws IOException {
        AdapterForm form = AdapterForm.of(path);
        AdapterVerifier.Report report = AdapterVerifier.verify(path, GgufFile.open(base));
        isSound = report.isSound();
        ObjectNode json = Answer.object();
        json.put("form", form.name().toLowerCase(Locale.ROOT));
        json.put("sound", isSound);
        report.problems().forEach(json.putArray("problems")::add);
        ObjectNode losses = json.putObject("losses");
        new TreeMap<>(report.losses()).forEach((export, lost) -> lost.forEach(losses.putArray(export)::add));
        return Answer.of(json, text(report));
    }

    @Override
    protected int exitCode() {
        return isSound ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private String text(AdapterVerifier.Report report) {
        List<String> lines = new ArrayList<>();
        lines.add("%s: %s"
                .formatted(
                        path,
                        isSound
                                ? "sound"
                                : "%d problems".formatted(report.problems().size())));
        report.problems().forEach(problem -> lines.add("- " + problem));
        for (Map.Entry<String, List<String>> export : new TreeMap<>(report.losses()).entrySet()) {
            String lost = export.getValue().isEmpty() ? "nothing" : String.join("; ", export.getValue());
            lines.add("lost in form %s: %s".formatted(export.getKey(), lost));
        }
        return String.join(System.lineSeparator(), lines);
    }
}
