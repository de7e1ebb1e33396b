package dev.fedlora.lora.testing;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import dev.fedlora.lora.quant.QuantizationType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import org.junit.jupiter.api.Assumptions;

/**
 * ggml itself, compiled: the library inside java-llama.cpp exports ggml's own functions, and the tests call them to learn
 * what it reads from and writes to a block.
 *
 * <p>Only where that library is the build that it is known to be, Linux on x86-64: elsewhere a compiler may have fused
 * multiplications and additions, and results differ in the last bit without being wrong. Tests are skipped there.
 */
public final class Ggml {
    private static final String RESOURCE = "/de/kherud/llama/Linux/x86_64/libjllama.so";

    private final NativeLibrary library;

    private Ggml(NativeLibrary library) {
        this.library = library;
    }

    private static final class Loaded {
        private static final Ggml GGML = new Ggml(load());

        private static NativeLibrary load() {
            try (InputStream in = Ggml.class.getResourceAsStream(RESOURCE)) {
                Path file = Files.createTempFile("ggml", ".so");
                file.toFile().deleteOnExit();
                Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
                NativeLibrary library = NativeLibrary.getInstance(file.toString());
                library.getFunction("ggml_cpu_init").invokeVoid(new Object[0]); // fills the table of binary16 values
                return library;
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    /** Returns the library; skips the running test, with the reason, where it cannot be used. */
    public static Ggml load() {
        String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        if (!platform.equals("Linux amd64")) {
            Assumptions.abort("skipped: ggml is compared with on Linux amd64 alone, this is " + platform);
        }
        try {
            return Loaded.GGML;
        } catch (UnsatisfiedLinkError | NoClassDefFoundError missing) {
            return Assumptions.abort("skipped: ggml's library does not load here: " + missing.getMessage());
        }
    }

    /** Returns the library, which holds llama.cpp too. */
    NativeLibrary library() {
        return library;
    }

    /** Returns the numbers in {@code blocks}. */
    public float[] dequantize(QuantizationType type, byte[] blocks) {
        int count = blocks.length / type.blockBytes() * type.blockSize();
        float[] values = new float[count];
        String name = switch (type) {
            case F16 -> "ggml_fp16_to_fp32_row";
            case BF16 -> "ggml_bf16_to_fp32_row";
            default -> "dequantize_row_" + suffix(type);
        };
        try (Memory in = new Memory(blocks.length);
                Memory out = new Memory(4L * count)) {
            in.write(0, blocks, 0, blocks.length);
            function(name).invokeVoid(new Object[] {in, out, (long) count});
            out.read(0, values, 0, count);
        }
        return values;
    }

    /** Returns the blocks of {@code values}, without an importance matrix. */
    public byte[] quantize(QuantizationType type, float[] values) {
        byte[] blocks = new byte[(int) type.bytes(values.length)];
        String name = switch (type) {
            case F16 -> "ggml_fp32_to_fp16_row";
            case BF16 -> "ggml_fp32_to_bf16_row_ref";
            default -> "quantize_row_" + suffix(type) + "_ref";
        };
        try (Memory in = new Memory(4L * values.length);
                Memory out = new Memory(blocks.length)) {
            in.write(0, values, 0, values.length);
            function(name).invokeVoid(new Object[] {in, out, (long) values.length});
            out.read(0, blocks, 0, blocks.length);
        }
        return blocks;
    }

    private Function function(String name) {
        return library.getFunction(name);
    }

    private static String suffix(QuantizationType type) {
        return type.name().endsWith("_K")
                ? type.name().replace('Q', 'q')
                : type.name().toLowerCase(Locale.ROOT);
    }
}
