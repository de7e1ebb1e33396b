package dev.fedlora.peer;

import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Frees what was made meanwhile, as Python does when a function returns. */
final class Scopes {
    private Scopes() {}

    /** Computes what is no tensor: no tensor of it is left. */
    @SuppressWarnings("try") // a scope works by being open
    static <T> T within(Supplier<T> body) {
        try (PointerScope scope = new PointerScope()) {
            return body.get();
        }
    }

    /** Computes a tensor, which belongs to the scope around. */
    static Tensor tensor(Supplier<Tensor> body) {
        PointerScope outer = PointerScope.getInnerScope();
        try (PointerScope scope = new PointerScope()) {
            Tensor result = body.get();
            outer.attach(result);
            scope.detach(result);
            return result;
        }
    }
}
