package dev.fedlora.lora.tensor;

import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.Loader;

/**
 * Products with a frozen weight by oneDNN, one thread each, in float or with operands rounded to bfloat16 and sums in
 * float. Thread-safe.
 *
 * <p>Everything that touches JavaCPP or oneDNN is in the classes named OneDnn and in {@link NativeScratch}; they are
 * loaded only when one of these back ends is asked for or measured.
 */
final class OneDnnBackend implements MatrixBackend {
    private final boolean bfloat16;
    private final engine engine;

    /**
     * Loads the native library and compiles one product for trial.
     *
     * @throws LinkageError when the library is not there or does not load
     * @throws UnsupportedOperationException when it has no fast kernel for this arithmetic on this processor
     */
    OneDnnBackend(boolean bfloat16) {
        NativeLimits.lift();
        Loader.load(dnnl.class);
        this.bfloat16 = bfloat16;
        engine = new engine(org.bytedeco.dnnl.engine.kind.cpu, 0);
        OneDnnPlan.Strides rows = OneDnnPlan.Strides.rows(64);
        new OneDnnPlan(engine, OneDnnPlan.Shape.single(64, 64, 64, rows, rows, 64, bfloat16, false)).close();
    }

    /** Says whether this processor multiplies bfloat16 natively, not by way of float. */
    static boolean isBfloat16Native() {
        int has = dnnl.dnnl_get_effective_cpu_isa();
        return (has & dnnl.dnnl_cpu_isa_avx512_core_bf16) == dnnl.dnnl_cpu_isa_avx512_core_bf16;
    }

    /**
     * Returns the speed of one square product of {@code width} and {@code rows}, in 10^9 additions and multiplications a
     * second: the fastest of some 100, each shorter than a scheduler's time slice. Native code alone runs in it, so
     * neither a cold JVM nor a busy machine falsifies it.
     */
    double gigaflops(int rows, int width) {
        OneDnnPlan.Strides dense = OneDnnPlan.Strides.rows(width);
        OneDnnPlan.Strides transposed = OneDnnPlan.Strides.transposed(width);
        OneDnnPlan.Shape shape = OneDnnPlan.Shape.single(rows, width, width, dense, transposed, width, bfloat16, false);
        try (OneDnnPlan plan = new OneDnnPlan(engine, shape);
                stream stream = new stream(engine);
                NativeScratch x = new NativeScratch().zeros(rows * width);
                NativeScratch weight = new NativeScratch().zeros(width * width);
                NativeScratch y = new NativeScratch().zeros(rows * width)) {
            long best = Long.MAX_VALUE;
            for (int i = 0; i < 100; i++) {
                long begin = System.nanoTime();
                plan.execute(stream, x.address(), weight.address(), y.address());
                best = Math.min(best, System.nanoTime() - begin);
            }
            return 2.0 * rows * width * width / best;
        }
    }

    @Override
    public String name() {
        return bfloat16 ? "onednn-bf16" : "onednn-f32";
    }

    @Override
    public MatrixProducts open() {
        return new OneDnnProducts(engine, bfloat16);
    }
}
