package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.Dequantizer;

/** Reads weights with the plain code, for a JVM without the Vector API. */
final class PlainWeights implements WeightReader {
    private float[] values = new float[0];

    @Override
    public void read(Run run, float[] out, int at) {
        Dequantizer.run(run.weight(), run.row(), run.column(), run.count(), out, at);
    }

    @Override
    public void readBfloat16(Run run, short[] out, int at) {
        if (values.length < run.count()) {
            values = new float[run.count()];
        }
        read(run, values, 0);
        round(values, 0, run.count(), out, at);
    }

    @Override
    public void round(float[] in, int from, int count, short[] out, int at) {
        for (int i = 0; i < count; i++) {
            out[at + i] = Bfloat16.fromFloat(in[from + i]);
        }
    }
}
