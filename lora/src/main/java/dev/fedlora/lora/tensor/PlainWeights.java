package dev.fedlora.lora.tensor;

import dev.fedlora.lora.quant.Dequantizer;

/** Reads weights with the plain code: for a JVM without the Vector API, and for types that have no vector kernel. */
final class PlainWeights implements WeightReader {
    private float[] row = new float[0];

    @Override
    public void read(Run run, float[] out, int at) {
        if (row.length < run.weight().columns()) {
            row = new float[run.weight().columns()];
        }
        Dequantizer.rows(run.weight(), run.row(), 1, row);
        System.arraycopy(row, run.column(), out, at, run.count());
    }

    @Override
    public void readBfloat16(Run run, short[] out, int at) {
        float[] values = new float[run.count()];
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
