package dev.fedlora.lora.tensor;

import static dev.fedlora.lora.tensor.VectorMath.F;
import static dev.fedlora.lora.tensor.VectorMath.I;
import static dev.fedlora.lora.tensor.VectorMath.LANES;

import dev.fedlora.lora.quant.Half;
import dev.fedlora.lora.quant.QuantizationType;
import dev.fedlora.lora.quant.QuantizedMatrix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Reads weights with vector kernels: {@link VectorBlocks} takes blocks apart into bytes, which are converted and scaled
 * here, lane by lane.
 *
 * <p>A run's bytes are copied out of the mapped file first, because the Vector API loads from arrays alike on every Java
 * version and from buffers does not. No vector is passed to a method of this class: a method that the compiler happens to
 * compile by itself takes and gives its vectors through the heap, ten times slower.
 */
final class VectorWeights implements WeightReader {
    /** As many bytes as there are float lanes, but no vector is shorter than 64 bits: 8 or 16 bytes. */
    static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));

    // vectors of 128 bits are slower here than plain code: Java 17 converts bytes and shorts to 4 lanes one by one
    private static final boolean IS_WORTH_WHILE = LANES >= 8;
    private static final VectorSpecies<Short> H = VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * 16));

    private final PlainWeights plain = new PlainWeights();
    private final VectorBlocks blocks = new VectorBlocks();
    // no type with blocks takes more bytes a value than Q8_0
    private final byte[] bytes = new byte[(int) QuantizationType.Q8_0.bytes(VectorBlocks.MOST)];
    private final short[] halves = new short[VectorBlocks.MOST];
    private final float[] floats = new float[VectorBlocks.MOST];

    @Override
    public void read(Run run, float[] out, int at) {
        if (!IS_WORTH_WHILE) {
            plain.read(run, out, at);
            return;
        }
        QuantizedMatrix weight = run.weight();
        int done = 0;
        while (done < run.count()) {
            int count = Math.min(VectorBlocks.MOST, run.count() - done);
            int from = run.firstByte() + (int) weight.type().bytes(done);
            switch (weight.type()) {
                case F32 -> at(weight, from).asFloatBuffer().get(out, at + done, count);
                case F16 -> f16(halves(weight, from, count), count, out, at + done);
                case BF16 -> bf16(halves(weight, from, count), count, out, at + done);
                default -> {
                    unpack(weight, from, count);
                    scale(blocks, count, out, at + done);
                }
            }
            done += count;
        }
    }

    @Override
    public void readBfloat16(Run run, short[] out, int at) {
        if (!IS_WORTH_WHILE) {
            plain.readBfloat16(run, out, at);
            return;
        }
        QuantizedMatrix weight = run.weight();
        int done = 0;
        while (done < run.count()) {
            int count = Math.min(VectorBlocks.MOST, run.count() - done);
            int from = run.firstByte() + (int) weight.type().bytes(done);
            switch (weight.type()) {
                case F32 -> {
                    at(weight, from).asFloatBuffer().get(floats, 0, count);
                    round(floats, 0, count, out, at + done);
                }
                case F16 -> {
                    f16(halves(weight, from, count), count, floats, 0);
                    round(floats, 0, count, out, at + done);
                }
                case BF16 -> at(weight, from).asShortBuffer().get(out, at + done, count);
                default -> {
                    unpack(weight, from, count);
                    if (blocks.isFinite(count)) {
                        scaleAndRound(blocks, count, out, at + done);
                    } else {
                        scale(blocks, count, floats, 0);
                        round(floats, 0, count, out, at + done);
                    }
                }
            }
            done += count;
        }
    }

    private static ByteBuffer at(QuantizedMatrix weight, int from) {
        return weight.blocks().duplicate().order(ByteOrder.LITTLE_ENDIAN).position(from);
    }

    private short[] halves(QuantizedMatrix weight, int from, int count) {
        at(weight, from).asShortBuffer().get(halves, 0, count);
        return halves;
    }

    private void unpack(QuantizedMatrix weight, int from, int count) {
        if (!weight.type().isComputable()) {
            throw new IllegalArgumentException(
                    weight.name() + ": type " + weight.type() + " cannot be dequantized by this version");
        }
        weight.blocks().get(from, bytes, 0, (int) weight.type().bytes(count));
        blocks.unpack(weight.type(), bytes, count);
    }

    /** out = q · scale - minimum. */
    private static void scale(VectorBlocks blocks, int count, float[] out, int at) {
        byte[] q = blocks.q();
        float[] scales = blocks.scales();
        float[] minima = blocks.minima();
        int shift = blocks.groupShift();
        for (int i = 0; i < count; i += B.length()) {
            float scale = scales[i >> shift];
            float minimum = minima[i >> shift];
            ByteVector bytes = ByteVector.fromArray(B, q, i);
            ((FloatVector) bytes.convertShape(VectorOperators.B2F, F, 0))
                    .mul(scale)
                    .sub(minimum)
                    .intoArray(out, at + i);
        }
    }

    /** out = q · scale - minimum, rounded to bfloat16; all of it is finite. */
    private static void scaleAndRound(VectorBlocks blocks, int count, short[] out, int at) {
        byte[] q = blocks.q();
        float[] scales = blocks.scales();
        float[] minima = blocks.minima();
        int shift = blocks.groupShift();
        for (int i = 0; i < count; i += B.length()) {
            float scale = scales[i >> shift];
            float minimum = minima[i >> shift];
            ByteVector bytes = ByteVector.fromArray(B, q, i);
            IntVector bits = ((FloatVector) bytes.convertShape(VectorOperators.B2F, F, 0))
                    .mul(scale)
                    .sub(minimum)
                    .reinterpretAsInts();
            IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
            IntVector rounded = bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
            ((ShortVector) rounded.convertShape(VectorOperators.I2S, H, 0)).intoArray(out, at + i);
        }
    }

    /** Converts binary16; the end that fills no vector with plain code. */
    static void f16(short[] in, int count, float[] out, int at) {
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

    private static void bf16(short[] in, int count, float[] out, int at) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            IntVector bits = (IntVector) ShortVector.fromArray(H, in, i).convertShape(VectorOperators.S2I, I, 0);
            bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(out, at + i);
        }
        for (; i < count; i++) {
            out[at + i] = Bfloat16.toFloat(in[i]);
        }
    }

    @Override
    public void round(float[] in, int from, int count, short[] out, int at) {
        if (!IS_WORTH_WHILE) {
            plain.round(in, from, count, out, at);
            return;
        }
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector values = FloatVector.fromArray(F, in, from + i);
            IntVector bits = values.reinterpretAsInts();
            IntVector high = bits.lanewise(VectorOperators.LSHR, 16);
            IntVector rounded = bits.add(0x7fff).add(high.and(1)).lanewise(VectorOperators.LSHR, 16);
            IntVector magnitude = bits.and(0x7fffffff);
            // a NaN keeps its sign and the top of its payload, quiet, as in Bfloat16
            IntVector kept = rounded.blend(high.or(0x40), magnitude.compare(VectorOperators.GT, 0x7f800000));
            ((ShortVector) kept.convertShape(VectorOperators.I2S, H, 0)).intoArray(out, at + i);
        }
        for (; i < count; i++) {
            out[at + i] = Bfloat16.fromFloat(in[from + i]);
        }
    }
}
