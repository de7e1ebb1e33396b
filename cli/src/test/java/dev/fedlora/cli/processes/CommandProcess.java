package dev.fedlora.cli.processes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.cli.Fedlora;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code fedlora} in a Java process of its own, on this test's class path; killed when it is closed. */
final class CommandProcess implements AutoCloseable {
    private final List<String> command;
    private final Process process;
    private final Path errors;
    private final BufferedReader out;

    private CommandProcess(List<String> command, Process process, Path errors) {
        this.command = command;
        this.process = process;
        this.errors = errors;
        this.out = process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Starts a command.
     *
     * @param errors file that its standard error goes to
     */
    static CommandProcess start(Path errors, Object... arguments) throws IOException {
        return start(List.of(), errors, arguments);
    }

    /** Starts a command whose temporary files go to {@code temporary}. */
    static CommandProcess startOver(Path temporary, Path errors, Object... arguments) throws IOException {
        return start(List.of("-Djava.io.tmpdir=" + temporary), errors, arguments);
    }

    private static CommandProcess start(List<String> javaOptions, Path errors, Object... arguments) throws IOException {
        List<String> words = Arrays.stream(arguments).map(Object::toString).toList();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:TieredStopAtLevel=1"); // these processes live for seconds
        command.addAll(javaOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Fedlora.class.getName()));
        command.addAll(words);
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        process.getOutputStream().close();
        return new CommandProcess(words, process, errors);
    }

    /** Returns the next line of its answer as JSON; fails when it ended without one. */
    JsonNode answer() throws IOException {
        String line = out.readLine();
        if (line == null) {
            throw new AssertionError(command + " gave no answer:\n" + errors());
        }
        return new ObjectMapper().readTree(line);
    }

    /** Asks it to end, as Ctrl-C or a service manager does. */
    void terminate() {
        process.destroy();
    }

    /** Waits for its end; what hangs fails. */
    int exitCode() throws IOException, InterruptedException {
        if (!process.waitFor(3, TimeUnit.MINUTES)) {
            throw new AssertionError(command + " does not end:\n" + errors());
        }
        return process.exitValue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String errors() throws IOException {
        return Files.readString(errors);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
