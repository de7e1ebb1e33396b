package dev.fedlora.lora.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The tensors of a file as they are mapped into memory: each whole or, where it is too long, in parts of whole rows. */
final class TensorMappings {
    private final Map<String, List<ByteBuffer>> parts = new HashMap<>();

    private TensorMappings() {}

    /** Maps {@code tensors}, no part longer than {@code mostBytes}; a tensor of which one row is longer has no parts. */
    static TensorMappings of(FileChannel channel, Collection<GgufTensor> tensors, int mostBytes) throws IOException {
        TensorMappings mappings = new TensorMappings();
        for (GgufTensor tensor : tensors) {
            mappings.parts.put(tensor.name(), map(channel, tensor, mostBytes));
        }
        return mappings;
    }

    private static List<ByteBuffer> map(FileChannel channel, GgufTensor tensor, int mostBytes) throws IOException {
        long rowBytes = tensor.type().bytes(tensor.columns());
        long partBytes = tensor.bytes() <= mostBytes ? tensor.bytes() : mostBytes / rowBytes * rowBytes;
        List<ByteBuffer> parts = new ArrayList<>();
        for (long done = 0; partBytes > 0 && done < tensor.bytes(); done += partBytes) {
            long length = Math.min(partBytes, tensor.bytes() - done);
            parts.add(channel.map(FileChannel.MapMode.READ_ONLY, tensor.offset() + done, length));
        }
        return parts;
    }

    /** Returns the parts of a tensor, each little-endian and at position 0. */
    List<ByteBuffer> parts(String name) {
        return parts.getOrDefault(name, List.of()).stream()
                .map(part -> part.duplicate().order(ByteOrder.LITTLE_ENDIAN))
                .toList();
    }
}
