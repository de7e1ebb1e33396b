package dev.fedlora.cli.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the real script in a project of its own, with programs called java and mvn that say which version they are, note
 * how they were called, and do what a build does to the files.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a Bash script")
@Timeout(300) // a launcher that hangs must not hang the project's build
class LauncherTest {
    private static final String MAVEN = """
            #!/bin/bash
            if [ "$1" = --version ]; then echo "Apache Maven %s (abc)"; exit; fi
            echo "$@" >>"%s"
            %s
            """;
    private static final String BUILD = "mkdir -p cli/target/lib && echo jar >cli/target/fedlora-cli.jar";

    @TempDir
    private Path folder;

    private Path project;
    private Path bin;
    private Path builds;

    /** What a run of the launcher printed and how it ended. */
    private record Run(int exitCode, String out, String err) {}

    @BeforeEach
    void layOut() throws IOException {
        project = Files.createDirectory(folder.resolve("the project"));
        bin = Files.createDirectory(folder.resolve("bin"));
        builds = folder.resolve("builds");
        Path script = Path.of("..", "fedlora").toRealPath();
        Files.copy(script, project.resolve("fedlora"), StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(project.resolve("pom.xml"), "<project/>");
        Files.createDirectories(project.resolve("cli/src/main/java"));
        Files.writeString(project.resolve("cli/pom.xml"), "<project/>");
        Files.writeString(project.resolve("cli/src/main/java/A.java"), "class A {}");
        java(17);
        maven("3.8.6", BUILD);
    }

    @Test
    void launcher_cleanClone_buildsThenRunsJavaWithTheArguments() throws Exception {
        Run run = launch(Map.of(), "model", "inspect", "a file");
        assertThat(run.exitCode).isZero();
        assertThat(run.out)
                .contains("arg:model\narg:inspect\narg:a file\n")
                .contains("arg:-cp\narg:" + project.toRealPath() + "/cli/target/fedlora-cli.jar:")
                .contains("arg:dev.fedlora.cli.Fedlora\n");
        assertThat(run.err).contains("building").contains("built in");
        assertThat(builds()).singleElement().asString().contains("package").doesNotContain("install");
    }

    @Test
    void launcher_nothingChanged_buildsOnce() throws Exception {
        launch(Map.of(), "--version");
        Run second = launch(Map.of(), "--version");
        assertThat(second.err).isEmpty();
        assertThat(builds()).hasSize(1);
    }

    @Test
    void launcher_sourceChanged_buildsAgain() throws Exception {
        launch(Map.of(), "--version");
        FileTime future = FileTime.from(Instant.now().plusSeconds(60));
        Files.setLastModifiedTime(project.resolve("cli/src/main/java/A.java"), future);
        launch(Map.of(), "--version");
        assertThat(builds()).hasSize(2);
    }

    @Test
    void launcher_throughSymbolicLinkFromElsewhere_findsTheProject() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), project.resolve("fedlora"));
        Path relative = Files.createSymbolicLink(folder.resolve("again"), Path.of("link"));
        Run run = run(folder, Map.of(), List.of(relative.toString(), "--version"));
        assertThat(run.exitCode).isZero();
        assertThat(link.resolveSibling("the project/cli/target/fedlora-cli.jar"))
                .exists();
    }

    @Test
    void launcher_noJava_saysHowToGetOne() throws Exception {
        Files.delete(bin.resolve("java"));
        Run run = launch(Map.of(), "--version");
        assertThat(run.exitCode).isEqualTo(1);
        assertThat(run.err)
                .contains("needs a JDK 17 or newer")
                .contains("apt install")
                .contains("brew")
                .contains("sdk");
    }

    @Test
    void launcher_oldJava_saysWhichWasFound() throws Exception {
        java(11);
        Run run = launch(Map.of(), "--version");
        assertThat(run.exitCode).isEqualTo(1);
        assertThat(run.err).contains("needs a JDK 17 or newer").contains("found Java 11 at " + bin.resolve("java"));
    }

    @Test
    void launcher_javaHomeTooOld_takesThePath() throws Exception {
        Path old = Files.createDirectories(folder.resolve("old/bin"));
        program(old.resolve("java"), javaScript(8, old));
        assertThat(launch(Map.of("JAVA_HOME", folder.resolve("old").toString()), "--version").exitCode)
                .isZero();
    }

    @Test
    void launcher_runtimeWithoutCompiler_saysThatAJdkIsNeeded() throws Exception {
        Files.delete(folder.resolve("bin/javac"));
        Run run = launch(Map.of(), "--version");
        assertThat(run.exitCode).isEqualTo(1);
        assertThat(run.err).contains("has no compiler");
    }

    @Test
    void launcher_noMaven_saysHowToGetOne() throws Exception {
        Files.delete(bin.resolve("mvn"));
        Run run = launch(Map.of(), "--version");
        assertThat(run.exitCode).isEqualTo(1);
        assertThat(run.err)
                .contains("needs Maven 3.8.6 or newer")
                .contains("apt install maven")
                .contains("brew");
    }

    @Test
    void launcher_mavenVersions_comparesNumberByNumber() throws Exception {
        for (String old : List.of("3.8.5", "3.6.3", "2.9.9")) {
            maven(old, BUILD);
            Run run = launch(Map.of(), "--version");
            assertThat(run.exitCode).as(old).isEqualTo(1);
            assertThat(run.err).contains("found Maven " + old);
        }
        for (String enough : List.of("3.8.10", "3.9.0", "4.0.0")) {
            maven(enough, BUILD);
            Files.deleteIfExists(project.resolve("cli/target/fedlora-cli.jar"));
            assertThat(launch(Map.of(), "--version").exitCode).as(enough).isZero();
        }
    }

    @Test
    void launcher_failedBuild_showsTheErrorsAndDoesNotRun() throws Exception {
        maven("3.9.9", "echo '[INFO] fine'; echo '[ERROR] A.java:[1,1] broken'; echo '[ERROR] [Help 1] x'; exit 1");
        Run run = launch(Map.of(), "--version");
        assertThat(run.exitCode).isEqualTo(1);
        assertThat(run.out).isEmpty();
        assertThat(run.err)
                .contains("[ERROR] A.java:[1,1] broken")
                .contains("the build failed")
                .contains("target/fedlora-build.log")
                .doesNotContain("fine")
                .doesNotContain("Help");
        maven("3.9.9", BUILD);
        assertThat(launch(Map.of(), "--version").exitCode)
                .as("after the mistake is mended")
                .isZero();
    }

    @Test
    void launcher_severalAtOnce_buildOnceAndAllRun() throws Exception {
        // every build waits until all launchers have been started
        Path gate = folder.resolve("gate");
        maven("3.9.9", "until [ -e '" + gate + "' ]; do sleep 0.1; done; " + BUILD);
        List<Process> started = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            started.add(start(project, Map.of(), List.of("./fedlora", "--version")));
        }
        Files.writeString(gate, "open");
        for (Process each : started) {
            assertThat(finish(each).exitCode).isZero();
        }
        assertThat(builds()).hasSize(1);
        assertThat(project.resolve("target/fedlora-build.lock")).doesNotExist();
    }

    @Test
    void launcher_lockOfDeadProcess_isTakenOver() throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Files.createDirectories(project.resolve("target"));
        Files.writeString(project.resolve("target/fedlora-build.lock"), dead.pid() + "\n");
        assertThat(launch(Map.of(), "--version").exitCode).isZero();
        assertThat(project.resolve("target/fedlora-build.lock")).doesNotExist();
    }

    @Test
    void launcher_options_dependOnCommandVersionAndEnvironment() throws Exception {
        Run plain = launch(Map.of("FEDLORA_JAVA_OPTS", "-Xmx3g -Da=b"), "model", "inspect");
        assertThat(plain.out)
                .contains("arg:-Dorg.bytedeco.javacpp.maxPhysicalBytes=0\n")
                .contains("arg:-Xmx3g\narg:-Da=b\narg:-cp\n")
                .contains("OMP_NUM_THREADS=1\n")
                .doesNotContain("jdk.incubator.vector")
                .doesNotContain("native-access");
        java(24);
        Run computing = launch(Map.of("OMP_NUM_THREADS", "4", "OPENBLAS_CORETYPE", "ZEN"), "demo");
        assertThat(computing.out)
                .contains("arg:--add-modules\narg:jdk.incubator.vector\n")
                .contains("arg:--enable-native-access=ALL-UNNAMED\narg:--sun-misc-unsafe-memory-access=allow\n")
                .contains("OMP_NUM_THREADS=4\n")
                .contains("OPENBLAS_CORETYPE=ZEN\n");
    }

    private Run launch(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("./fedlora"));
        command.addAll(List.of(arguments));
        return run(project, environment, command);
    }

    private Run run(Path directory, Map<String, String> environment, List<String> command) throws Exception {
        return finish(start(directory, environment, command));
    }

    private Process start(Path directory, Map<String, String> environment, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment()
                .keySet()
                .removeAll(List.of("JAVA_HOME", "FEDLORA_JAVA_OPTS", "OMP_NUM_THREADS", "OPENBLAS_CORETYPE"));
        builder.environment().put("PATH", bin + ":" + tools());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static Run finish(Process process) throws Exception {
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes());
        String err = new String(process.getErrorStream().readAllBytes());
        process.waitFor();
        return new Run(process.exitValue(), out, err);
    }

    /** The tools that the script uses, but neither the machine's own java nor its mvn. */
    private Path tools() throws IOException {
        Path tools = folder.resolve("tools");
        if (Files.notExists(tools)) {
            Files.createDirectory(tools);
            for (String name : List.of(
                    "bash",
                    "env",
                    "cat",
                    "dirname",
                    "find",
                    "grep",
                    "head",
                    "ln",
                    "mkdir",
                    "mv",
                    "readlink",
                    "rm",
                    "sed",
                    "sleep",
                    "tail",
                    "uname",
                    "echo")) {
                for (String from : List.of("/usr/bin", "/bin")) {
                    Path tool = Path.of(from, name);
                    if (Files.exists(tool) && Files.notExists(tools.resolve(name))) {
                        program(tools.resolve(name), "#!/bin/sh\nexec " + tool + " \"$@\"\n");
                    }
                }
            }
        }
        return tools;
    }

    private List<String> builds() throws IOException {
        return Files.exists(builds) ? Files.readAllLines(builds) : List.of();
    }

    private void java(int version) throws IOException {
        program(bin.resolve("java"), javaScript(version, folder));
        program(bin.resolve("javac"), "#!/bin/bash\n");
    }

    private static String javaScript(int version, Path home) {
        return """
                #!/bin/bash
                if [ "$1" = -XshowSettings:properties ]; then
                  echo "    java.home = %s" >&2
                  echo "    java.specification.version = %s" >&2
                  exit
                fi
                printf 'arg:%%s\\n' "$@"
                echo "OMP_NUM_THREADS=$OMP_NUM_THREADS"
                echo "OPENBLAS_CORETYPE=$OPENBLAS_CORETYPE"
                """.formatted(home, version == 8 ? "1.8" : version);
    }

    private void maven(String version, String build) throws IOException {
        program(bin.resolve("mvn"), MAVEN.formatted(version, builds, build));
    }

    private static void program(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
