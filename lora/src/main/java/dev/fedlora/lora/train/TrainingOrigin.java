package dev.fedlora.lora.train;

import dev.fedlora.lora.ClassifierHead;
import dev.fedlora.lora.LoraAdapter;
import dev.fedlora.lora.data.EncodedExample;
import dev.fedlora.lora.data.EncodedText;
import dev.fedlora.lora.data.TrainingExample;
import dev.fedlora.lora.safetensors.AdapterBytes;
import dev.fedlora.lora.tensor.RowKernels;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the bytes of a plain training are a function of, in words: base, adapter, examples, plan and seed; and what decides
 * how sums are rounded, which is the micro-batches' rows, the back end and the row kernels.
 */
final class TrainingOrigin {
    private TrainingOrigin() {}

    static Map<String, String> of(LoraTrainer trainer, TrainingPlan plan, long seed) {
        LoraAdapter adapter = trainer.adapter();
        ClassifierHead head = adapter.head();
        Map<String, String> origin = new TreeMap<>();
        origin.put("base_model", adapter.baseSha256());
        origin.put("adapter", adapter.spec() + (head == null ? "" : " with labels " + head.labels()));
        origin.put("adapter_at_the_start", AdapterBytes.sha256(adapter));
        origin.put("variant", trainer.options().toString());
        origin.put("data", sha256(trainer.examples()));
        origin.put("plan", plan.toString());
        origin.put("seed", Long.toString(seed));
        origin.put("micro_batch", trainer.pool().mostRows() + " rows");
        origin.put("back_end", trainer.pool().backend().name());
        origin.put("row_kernels", RowKernels.name());
        return origin;
    }

    /** The hash of tokens and aims in their order; whom they are about does not matter here. */
    private static String sha256(List<? extends TrainingExample> examples) {
        MessageDigest digest = newSha256();
        for (TrainingExample example : examples) {
            int[] tokens = example.tokens();
            ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (tokens.length + 2) + tokens.length);
            bytes.putInt(tokens.length);
            for (int token : tokens) {
                bytes.putInt(token);
            }
            if (example instanceof EncodedText text) {
                for (boolean learned : text.learned()) {
                    bytes.put((byte) (learned ? 1 : 0));
                }
            } else if (example instanceof EncodedExample classified) {
                bytes.putInt(classified.label());
            }
            digest.update(bytes.flip());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java platform has SHA-256", impossible);
        }
    }
}
