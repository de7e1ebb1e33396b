package dev.fedlora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What README.md tells people to type is what the command line understands. */
class ReadmeTest {
    private static final Pattern SHELL_BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);

    private static final Pattern WORD = Pattern.compile("\"[^\"]*\"|[^ ]+");

    @Test
    void readme_everyCommandInABlock_isUnderstood() throws IOException {
        List<String> commands = new ArrayList<>();
        Matcher block = SHELL_BLOCK.matcher(readme());
        while (block.find()) {
            block.group(1).lines().filter(line -> line.startsWith("./fedlora ")).forEach(commands::add);
        }
        assertThat(commands).hasSizeGreaterThan(4);
        for (String command : commands) {
            String[] words = WORD.matcher(command.replaceFirst(" +#.*", ""))
                    .results()
                    .map(word -> word.group().replace("\"", ""))
                    .toArray(String[]::new);
            String[] arguments = Arrays.copyOfRange(words, 1, words.length);
            assertThat(Fedlora.commandLine().parseArgs(arguments).errors())
                    .as(command)
                    .isEmpty();
        }
    }

    @Test
    void readme_tableOfCommands_namesEachCommandThereIs() throws IOException {
        Matcher row = Pattern.compile("^\\| `fedlora .*?\\|", Pattern.MULTILINE).matcher(readme());
        TreeSet<String> named = new TreeSet<>();
        while (row.find()) {
            // `fedlora model convert`, `inspect` names one command; `fedlora train`, `fedlora eval` two
            Matcher name = Pattern.compile("`fedlora (\\w+)").matcher(row.group());
            while (name.find()) {
                named.add(name.group(1));
            }
        }
        assertThat(named)
                .isEqualTo(new TreeSet<>(Fedlora.commandLine().getSubcommands().keySet()));
    }

    private static String readme() throws IOException {
        Path module = Path.of("").toAbsolutePath();
        return Files.readString(module.resolveSibling("README.md"));
    }
}
