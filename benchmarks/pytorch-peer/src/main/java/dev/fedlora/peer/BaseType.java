package dev.fedlora.peer;

import java.util.Locale;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What the base is stored and multiplied in. */
enum BaseType {
    BF16(ScalarType.BFloat16),
    F32(ScalarType.Float);

    private final ScalarType scalarType;

    BaseType(ScalarType scalarType) {
        this.scalarType = scalarType;
    }

    ScalarType scalarType() {
        return scalarType;
    }

    /** The name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
