package dev.fedlora.lora.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.simple.SimpleLogger;

/** What happens in a JVM without the incubator module, oneDNN and ND4J: another process has to say. */
class MissingLibrariesTest {
    /** Prints what every name gives, and computes one product. */
    static final class Probe {
        private Probe() {}

        public static void main(String[] args) {
            for (String name : MatrixBackends.names()) {
                try {
                    System.out.println(
                            name + " is " + MatrixBackends.select(name).name());
                } catch (IllegalStateException missing) {
                    System.out.println(missing.getMessage());
                }
            }
            float[] two = {2};
            Panel panel = Panel.of(two, 1);
            try (MatrixProducts products = MatrixBackends.select("auto").open()) {
                products.multiply(new MatrixProducts.Shape(1, 1, 1, false, false, 1, true), panel, panel, panel);
            }
            RowKernels.scale(10, panel, 1, 1);
            System.out.println("computed " + two[0] + " with " + RowKernels.name() + " kernels");
        }
    }

    @Test
    void select_bareJvm_fallsBackAndNamesWhatIsMissing() throws Exception {
        String classPath = Stream.of(MatrixBackends.class, Probe.class, LoggerFactory.class, SimpleLogger.class)
                .map(MissingLibrariesTest::home)
                .collect(Collectors.joining(File.pathSeparator));
        String output = run("-cp", classPath, Probe.class.getName());
        assertThat(output)
                .contains("auto is reference")
                .contains("reference is reference")
                .contains("back end 'vector' cannot run here: the Vector API is missing, start java with --add-modules")
                .contains("back end 'onednn-f32' cannot run here: org.bytedeco:dnnl and its native library for")
                .contains("back end 'onednn-bf16' cannot run here: org.bytedeco:dnnl")
                .contains("back end 'nd4j' cannot run here: org.nd4j:nd4j-native")
                .contains("WARN dev.fedlora.lora.tensor.MatrixBackends - back end reference")
                .contains("computed 60.0 with plain kernels");
    }

    private static String home(Class<?> type) {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath())
                .toString();
    }

    private static String run(String... arguments) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command =
                Stream.concat(Stream.of(java), Stream.of(arguments)).toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }
}
