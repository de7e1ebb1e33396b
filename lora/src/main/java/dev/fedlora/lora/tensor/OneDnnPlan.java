package dev.fedlora.lora.tensor;

import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory.data_type;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Pointer;

/** One product compiled by oneDNN for one {@link Shape}. Not thread-safe. */
final class OneDnnPlan implements AutoCloseable {
    private final matmul primitive;
    private final memory source;
    private final memory weights;
    private final memory result;
    private final IntMemoryMap arguments = new IntMemoryMap();
    private final NativeAddress at = new NativeAddress(0);

    /**
     * Dst (m × n, float) = src (m × k) · weights (k × n), as often as {@code batch} says. A value lies at the product's
     * number times the batch stride, plus the row's number times the row stride, plus the column's times the column stride.
     *
     * @param bfloat16 whether src and weights are bfloat16, else float
     * @param sum whether the product is added to what dst holds
     */
    record Shape(
            int batch,
            int m,
            int n,
            int k,
            Strides source,
            Strides weights,
            Strides result,
            boolean bfloat16,
            boolean sum) {
        /** One product. */
        static Shape single(
                int m, int n, int k, Strides source, Strides weights, int resultRow, boolean bfloat16, boolean sum) {
            return new Shape(1, m, n, k, source, weights, Strides.rows(resultRow), bfloat16, sum);
        }
    }

    /** Distances in values from one product, one row, and one column, to the next. */
    record Strides(int batch, int row, int column) {
        /** A matrix whose rows are {@code row} values apart. */
        static Strides rows(int row) {
            return new Strides(0, row, 1);
        }

        /** The transpose of a matrix whose rows are {@code row} values apart. */
        static Strides transposed(int row) {
            return new Strides(0, 1, row);
        }

        /** The same, in a batch of matrices that are {@code distance} values apart. */
        Strides every(int distance) {
            return new Strides(distance, row, column);
        }
    }

    /** @throws UnsupportedOperationException when oneDNN has only its slow reference code for this shape */
    OneDnnPlan(engine engine, Shape shape) {
        data_type type = shape.bfloat16 ? data_type.bf16 : data_type.f32;
        try (memory.desc src = descriptor(shape.batch, shape.m, shape.k, type, shape.source);
                memory.desc wei = descriptor(shape.batch, shape.k, shape.n, type, shape.weights);
                memory.desc dst = descriptor(shape.batch, shape.m, shape.n, data_type.f32, shape.result);
                primitive_attr attributes = new primitive_attr();
                post_ops operations = new post_ops()) {
            if (shape.sum) {
                operations.append_sum();
                attributes.set_post_ops(operations);
            }
            try (matmul.primitive_desc chosen = describe(engine, src, wei, dst, attributes, shape)) {
                String kernel = chosen.impl_info_str().getString();
                if (kernel.contains("ref")) { // a thousand times slower than Java
                    throw new UnsupportedOperationException("oneDNN has no fast kernel for " + shape + ": " + kernel);
                }
                primitive = new matmul(chosen);
            }
            source = new memory(src, engine, at);
            weights = new memory(wei, engine, at);
            result = new memory(dst, engine, at);
        }
        arguments.put(dnnl.DNNL_ARG_SRC, source);
        arguments.put(dnnl.DNNL_ARG_WEIGHTS, weights);
        arguments.put(dnnl.DNNL_ARG_DST, result);
    }

    private static matmul.primitive_desc describe(
            engine engine, memory.desc src, memory.desc wei, memory.desc dst, primitive_attr attributes, Shape shape) {
        try {
            return new matmul.primitive_desc(engine, src, wei, dst, attributes, false);
        } catch (RuntimeException refused) { // what the binding makes of oneDNN's "unimplemented"
            throw new UnsupportedOperationException("oneDNN has no kernel for " + shape, refused);
        }
    }

    private static memory.desc descriptor(int batch, int rows, int columns, data_type type, Strides strides) {
        return batch == 1
                ? new memory.desc(new long[] {rows, columns}, type, new long[] {strides.row, strides.column})
                : new memory.desc(
                        new long[] {batch, rows, columns}, type, new long[] {strides.batch, strides.row, strides.column
                        });
    }

    /** Computes the product of what lies at the given addresses, to the end. */
    void execute(stream stream, long sourceAt, long weightsAt, long resultAt) {
        source.set_data_handle(at.to(sourceAt));
        weights.set_data_handle(at.to(weightsAt));
        result.set_data_handle(at.to(resultAt));
        primitive.execute(stream, arguments);
        stream._wait();
    }

    @Override
    public void close() {
        for (Pointer pointer : List.of(arguments, primitive, source, weights, result)) {
            pointer.close();
        }
    }
}
