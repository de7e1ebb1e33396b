package dev.fedlora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.cli.testing.CommandRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class FedloraTest {
    @Test
    void execute_noCommand_listsCommandsAndIsWrongUsage() {
        CommandRun run = CommandRun.of();
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("Usage: fedlora").contains("model");
    }

    @Test
    void execute_unknownCommand_isWrongUsageInTwoLines() {
        CommandRun run = CommandRun.of("trian");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("trian");
        assertThat(run.err().lines()).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void execute_nounAlone_namesItsSubcommands() {
        CommandRun run = CommandRun.of("model");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("needs a subcommand").contains("convert, inspect, tokenize, embed");
    }

    @Test
    void execute_version_namesSoftwareAndJava() {
        CommandRun run = CommandRun.of("--version");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).startsWith("fedlora ").contains("Java ");
    }

    @Test
    void execute_helpOfEveryCommand_isDoneAndNamesTheCommand() {
        for (List<String> path : paths(Fedlora.commandLine(), List.of())) {
            List<Object> arguments = new ArrayList<>(path);
            arguments.add("--help");
            CommandRun run = CommandRun.of(arguments.toArray());
            assertThat(run.exitCode()).as("exit code of %s", arguments).isZero();
            assertThat(run.out()).contains("Usage: " + String.join(" ", prepend("fedlora", path)));
            assertThat(run.err()).isEmpty();
        }
    }

    /** Every leaf answers programs: a command that forgets --json breaks whoever scripts it. */
    @Test
    void execute_everyLeaf_hasJson() {
        for (List<String> path : paths(Fedlora.commandLine(), List.of())) {
            CommandLine command = Fedlora.commandLine();
            for (String name : path) {
                command = command.getSubcommands().get(name);
            }
            if (command.getSubcommands().isEmpty()) {
                assertThat(command.getCommandSpec().optionsMap())
                        .as("options of %s", path)
                        .containsKeys("--json", "--verbose");
            }
        }
    }

    private static List<List<String>> paths(CommandLine command, List<String> path) {
        List<List<String>> all = new ArrayList<>();
        all.add(path);
        for (Map.Entry<String, CommandLine> sub : command.getSubcommands().entrySet()) {
            List<String> longer = new ArrayList<>(path);
            longer.add(sub.getKey());
            all.addAll(paths(sub.getValue(), longer));
        }
        return all;
    }

    private static List<String> prepend(String first, List<String> rest) {
        List<String> all = new ArrayList<>(rest);
        all.add(0, first);
        return all;
    }
}
