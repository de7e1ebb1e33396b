package dev.fedlora.lora.tensor;

import static dev.fedlora.lora.tensor.VectorMath.F;
import static dev.fedlora.lora.tensor.VectorMath.I;
import static dev.fedlora.lora.tensor.VectorMath.LANES;

import dev.fedlora.lora.quant.Half;
import dev.fedlora.lora.quant.QuantizedMatrix;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Reads weights with vector kernels: one block's scale at a time, its integers converted lane by lane.
 *
 * <p>A run's bytes are copied out of the mapped file first, because the Vector API loads from arrays alike on every Java
 * version and from buffers does not.
 */
final class VectorWeights implements WeightReader {
    // as many bytes as there are float lanes, but no vector is shorter than 64 bits
    private static final VectorSpecies<Byte> B =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));
    private static final int PARTS = B.length() / LANES;
    private static final VectorSpecies<Short> H = VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * 16));

    private final PlainWeights plain = new PlainWeights();
    private byte[] bytes = new byte[0];
    private short[] halves = new short[0];
    private float[] floats = new float[0];

    @Override
    public void read(Run run, float[] out, int at) {
        QuantizedMatrix weight = run.weight();
        switch (weight.type()) {
            case F32 ->
                weight.blocks()
                        .duplicate()
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .position(run.firstByte())
                        .asFloatBuffer()
                        .get(out, at, run.count());
            case F16 -> f16(halves(run), run.count(), out, at);
            case Q8_0 -> q8(bytes(run), run.count(), out, at);
            case Q4_0 -> q4(bytes(run), run.count(), out, at);
            default -> plain.read(run, out, at);
        }
    }

    @Override
    public void readBfloat16(Run run, short[] out, int at) {
        switch (run.weight().type()) {
            case Q8_0 -> q8(bytes(run), run.count(), out, at);
            case Q4_0 -> q4(bytes(run), run.count(), out, at);
            default -> {
                if (floats.length < run.count()) {
                    floats = new float[run.count()];
                }
                read(run, floats, 0);
                round(floats, 0, run.count(), out, at);
            }
        }
    }

    private byte[] bytes(Run run) {
        int count = run.bytes();
        if (bytes.length < count) {
            bytes = new byte[count];
        }
        run.weight().blocks().get(run.firstByte(), bytes, 0, count);
        return bytes;
    }

    private short[] halves(Run run) {
        if (halves.length < run.count()) {
            halves = new short[run.count()];
        }
        run.weight()
                .blocks()
                .duplicate()
                .order(ByteOrder.LITTLE_ENDIAN)
                .position(run.firstByte())
                .asShortBuffer()
                .get(halves, 0, run.count());
        return halves;
    }

    private static float scale(byte[] blocks, int at) {
        return Half.toFloat((short) (blocks[at] & 0xff | blocks[at + 1] << 8));
    }

    private static void q8(byte[] blocks, int count, float[] out, int at) {
        for (int block = 0, start = 0; start < count; start += 32, block += 34) {
            float scale = scale(blocks, block);
            for (int i = 0; i < 32; i += B.length()) {
                ByteVector q = ByteVector.fromArray(B, blocks, block + 2 + i);
                for (int part = 0; part < PARTS; part++) {
                    q8(q, part, scale).intoArray(out, at + start + i + part * LANES);
                }
            }
        }
    }

    private static void q8(byte[] blocks, int count, short[] out, int at) {
        for (int block = 0, start = 0; start < count; start += 32, block += 34) {
            float scale = scale(blocks, block);
            for (int i = 0; i < 32; i += B.length()) {
                ByteVector q = ByteVector.fromArray(B, blocks, block + 2 + i);
                for (int part = 0; part < PARTS; part++) {
                    put(round(q8(q, part, scale)), out, at + start + i + part * LANES);
                }
            }
        }
    }

    private static FloatVector q8(ByteVector q, int part, float scale) {
        return ((FloatVector) q.convertShape(VectorOperators.B2F, F, part)).mul(scale);
    }

    private static void q4(byte[] blocks, int count, float[] out, int at) {
        for (int block = 0, start = 0; start < count; start += 32, block += 18) {
            float scale = scale(blocks, block);
            for (int i = 0; i < 16; i += B.length()) {
                ByteVector q = ByteVector.fromArray(B, blocks, block + 2 + i);
                for (int part = 0; part < PARTS; part++) {
                    int to = at + start + i + part * LANES;
                    q4(q, part, 0, scale).intoArray(out, to);
                    q4(q, part, 4, scale).intoArray(out, to + 16);
                }
            }
        }
    }

    private static void q4(byte[] blocks, int count, short[] out, int at) {
        for (int block = 0, start = 0; start < count; start += 32, block += 18) {
            float scale = scale(blocks, block);
            for (int i = 0; i < 16; i += B.length()) {
                ByteVector q = ByteVector.fromArray(B, blocks, block + 2 + i);
                for (int part = 0; part < PARTS; part++) {
                    int to = at + start + i + part * LANES;
                    put(round(q4(q, part, 0, scale)), out, to);
                    put(round(q4(q, part, 4, scale)), out, to + 16);
                }
            }
        }
    }

    private static FloatVector q4(ByteVector pairs, int part, int shift, float scale) {
        IntVector pair = (IntVector) pairs.convertShape(VectorOperators.B2I, I, part);
        IntVector q = pair.lanewise(VectorOperators.LSHR, shift).and(15).sub(8);
        return ((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(scale);
    }

    private static void f16(short[] in, int count, float[] out, int at) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            IntVector bits = (IntVector) ShortVector.fromArray(H, in, i).convertShape(VectorOperators.S2I, I, 0);
            IntVector magnitude = bits.and(0x7fff).lanewise(VectorOperators.LSHL, 13);
            // 2^112 carries the exponent bias 15 to 127, subnormals included; see Half
            IntVector finite = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
            IntVector special = magnitude.or(0x7f800000);
            finite.blend(special, magnitude.compare(VectorOperators.GE, 0x7c00 << 13))
                    .or(bits.and(0x80000000))
                    .reinterpretAsFloats()
                    .intoArray(out, at + i);
        }
        for (; i < count; i++) {
            out[at + i] = Half.toFloat(in[i]);
        }
    }

    @Override
    public void round(float[] in, int from, int count, short[] out, int at) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            put(round(FloatVector.fromArray(F, in, from + i)), out, at + i);
        }
        for (; i < count; i++) {
            out[at + i] = Bfloat16.fromFloat(in[from + i]);
        }
    }

    private static IntVector round(FloatVector v) {
        IntVector bits = v.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        return bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
    }

    private static void put(IntVector bits, short[] out, int at) {
        ((ShortVector) bits.convertShape(VectorOperators.I2S, H, 0)).intoArray(out, at);
    }
}
