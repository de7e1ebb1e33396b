package dev.fedlora.lora.tensor;

import org.bytedeco.javacpp.Pointer;

/** An address for JavaCPP; owns nothing. */
final class NativeAddress extends Pointer {
    NativeAddress(long address) {
        super((Pointer) null);
        this.address = address;
    }

    /** Points it elsewhere. */
    NativeAddress to(long elsewhere) {
        address = elsewhere;
        return this;
    }
}
