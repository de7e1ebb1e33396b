package dev.fedlora.lora.gguf;

import dev.fedlora.lora.quant.Dequantizer;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import dev.fedlora.lora.quant.Quantizer;
import dev.fedlora.lora.quant.UnstorableValueException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Writes a model again with its weights stored as another type, as llama.cpp's quantizer does: the same tensors, order,
 * types ({@link StoragePlan}), bytes and metadata.
 *
 * <p>The bytes do not depend on the number of threads. Memory: some 16 MB a thread, whatever the model's size.
 */
public final class ModelQuantizer {
    private static final String FILE_TYPE = "general.file_type";
    private static final String QUANTIZATION_VERSION = "general.quantization_version";
    private static final int VERSION = 2; // ggml's present block layouts
    // a file of several parts becomes one
    private static final Set<String> SPLIT_KEYS = Set.of("split.no", "split.count", "split.tensors.count");
    private static final int PART_VALUES = 1 << 20; // 4 MB of floats: long enough to keep a thread busy for 10 ms
    private static final int PART_BYTES = 1 << 24; // copied at a time

    private final GgufFile in;
    private final ExecutorService workers;
    private final int ahead;

    private ModelQuantizer(GgufFile in, ExecutorService workers, int threads) {
        this.in = in;
        this.workers = workers;
        this.ahead = 2 * threads;
    }

    /** Is told what has been written. */
    @FunctionalInterface
    public interface Progress {
        /** Tensor {@code done} of {@code all}, counted from 1, is about to be written as {@code choice} says. */
        void next(int done, int all, StoragePlan.Choice choice);
    }

    /**
     * Writes {@code in} as {@code out}, replacing what stood there, with weights of {@code type}.
     *
     * @return how each tensor is stored
     * @throws IllegalArgumentException when the type cannot be written, {@code out} is the file read, {@code threads} is
     *     less than 1, or a tensor holds a value that cannot be stored: the message says which; nothing is written then
     * @throws dev.fedlora.lora.file.MalformedFileException when a tensor to be changed is of a type that cannot be read,
     *     or too large
     * @throws IOException when {@code out} cannot be written; what stood there is unchanged then
     */
    public static StoragePlan quantize(GgufFile in, QuantizationType type, Path out, int threads, Progress progress)
            throws IOException {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, got " + threads);
        }
        if (Files.exists(out) && Files.isSameFile(out, in.path())) {
            throw new IllegalArgumentException(out + " is the file to be read; choose another one to be written");
        }
        StoragePlan plan = StoragePlan.of(in.tensors(), type);
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        try {
            new ModelQuantizer(in, workers, threads).writer(plan, progress).write(out);
        } finally {
            workers.shutdownNow();
        }
        return plan;
    }

    private GgufWriter writer(StoragePlan plan, Progress progress) {
        GgufWriter writer = new GgufWriter();
        in.metadata().forEach((key, value) -> {
            if (!key.equals(FILE_TYPE) && !key.equals(QUANTIZATION_VERSION) && !SPLIT_KEYS.contains(key)) {
                writer.put(key, value);
            }
        });
        writer.u32(QUANTIZATION_VERSION, VERSION).u32(FILE_TYPE, plan.fileType());
        List<StoragePlan.Choice> choices = plan.choices();
        for (int i = 0; i < choices.size(); i++) {
            StoragePlan.Choice choice = choices.get(i);
            int number = i + 1;
            GgufTensor tensor = choice.tensor();
            writer.parts(tensor.name(), choice.type(), tensor.dimensions(), out -> {
                progress.next(number, choices.size(), choice);
                if (choice.changes()) {
                    convert(choice, out);
                } else {
                    copy(tensor.name(), out);
                }
            });
        }
        return writer;
    }

    private void copy(String name, GgufWriter.Target out) throws IOException {
        for (ByteBuffer all : in.byteParts(name)) {
            for (int from = 0; from < all.limit(); from += PART_BYTES) {
                out.write(all.slice(from, Math.min(PART_BYTES, all.limit() - from)));
            }
        }
    }

    private void convert(StoragePlan.Choice choice, GgufWriter.Target out) throws IOException {
        long firstRow = 0;
        for (QuantizedMatrix rows : in.parts(choice.tensor().name())) {
            convert(rows, firstRow, choice.type(), out);
            firstRow += rows.rows();
        }
    }

    /** The workers convert some rows each, ahead of those that are written. */
    private void convert(QuantizedMatrix matrix, long firstRow, QuantizationType type, GgufWriter.Target out)
            throws IOException {
        int rows = Math.max(1, PART_VALUES / matrix.columns());
        Deque<Future<byte[]>> underWay = new ArrayDeque<>();
        try {
            for (long next = 0; next < matrix.rows(); next += rows) {
                int first = (int) next;
                int count = Math.min(rows, matrix.rows() - first);
                underWay.add(workers.submit((Callable<byte[]>) () -> blocks(matrix, first, count, firstRow, type)));
                if (underWay.size() > ahead) {
                    out.write(ByteBuffer.wrap(result(underWay.remove())));
                }
            }
            while (!underWay.isEmpty()) {
                out.write(ByteBuffer.wrap(result(underWay.remove())));
            }
        } finally {
            underWay.forEach(part -> part.cancel(true));
        }
    }

    private byte[] blocks(QuantizedMatrix matrix, int first, int count, long firstRow, QuantizationType type) {
        float[] values = new float[Math.multiplyExact(count, matrix.columns())];
        Dequantizer.rows(matrix, first, count, values);
        try {
            return Quantizer.quantize(type, values);
        } catch (UnstorableValueException refused) {
            int index = refused.index();
            throw new IllegalArgumentException(
                    "%s: tensor %s, row %d, column %d: the value %s"
                            .formatted(
                                    in.path(),
                                    matrix.name(),
                                    firstRow + first + index / matrix.columns(),
                                    index % matrix.columns(),
                                    refused.problem()),
                    refused);
        }
    }

    private static byte[] result(Future<byte[]> part) throws IOException {
        try {
            return part.get();
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof RuntimeException refused) {
                throw refused;
            }
            throw new IllegalStateException("a part of a tensor could not be converted", failure.getCause());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }
}
