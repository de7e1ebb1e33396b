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
 * version and from buffers does not. No vector is passed to a method of this class: a method that the compiler happens to
 * compile by itself takes and gives its vectors through the heap, ten times slower.
 */
final class VectorWeights implements WeightReader {
    // as many bytes as there are float lanes, but no vector is shorter than 64 bits
    private static final VectorSpecies<Byte> B =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));
    private static final boolean HAS_TWO_PARTS = B.length() == 2 * LANES;
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
        if (floats.length < run.count()) {
            floats = new float[run.count()];
        }
        read(run, floats, 0); // a row stays in the level 1 cache: the second pass costs 3 % of a product
        round(floats, 0, run.count(), out, at);
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
                int to = at + start + i;
                ((FloatVector) q.convertShape(VectorOperators.B2F, F, 0))
                        .mul(scale)
                        .intoArray(out, to);
                if (HAS_TWO_PARTS) {
                    FloatVector second = (FloatVector) q.convertShape(VectorOperators.B2F, F, 1);
                    second.mul(scale).intoArray(out, to + LANES);
                }
            }
        }
    }

    private static void q4(byte[] blocks, int count, float[] out, int at) {
        for (int block = 0, start = 0; start < count; start += 32, block += 18) {
            float scale = scale(blocks, block);
            for (int i = 0; i < 16; i += B.length()) {
                ByteVector pairs = ByteVector.fromArray(B, blocks, block + 2 + i);
                int to = at + start + i;
                IntVector pair = (IntVector) pairs.convertShape(VectorOperators.B2I, I, 0);
                IntVector low = pair.and(15).sub(8);
                IntVector high = pair.lanewise(VectorOperators.LSHR, 4).and(15).sub(8);
                ((FloatVector) low.convert(VectorOperators.I2F, 0)).mul(scale).intoArray(out, to);
                ((FloatVector) high.convert(VectorOperators.I2F, 0)).mul(scale).intoArray(out, to + 16);
                if (HAS_TWO_PARTS) {
                    IntVector next = (IntVector) pairs.convertShape(VectorOperators.B2I, I, 1);
                    low = next.and(15).sub(8);
                    high = next.lanewise(VectorOperators.LSHR, 4).and(15).sub(8);
                    ((FloatVector) low.convert(VectorOperators.I2F, 0))
                            .mul(scale)
                            .intoArray(out, to + LANES);
                    ((FloatVector) high.convert(VectorOperators.I2F, 0))
                            .mul(scale)
                            .intoArray(out, to + 16 + LANES);
                }
            }
        }
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
            IntVector bits = FloatVector.fromArray(F, in, from + i).reinterpretAsInts();
            IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
            IntVector rounded = bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
            ((ShortVector) rounded.convertShape(VectorOperators.I2S, H, 0)).intoArray(out, at + i);
        }
        for (; i < count; i++) {
            out[at + i] = Bfloat16.fromFloat(in[from + i]);
        }
    }
}
