package dev.fedlora.lora.tensor;

import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.dnnl.engine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The plans of one worker, compiled at first use and kept, the least recently used ones dropped. Not thread-safe. */
final class OneDnnPlans implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OneDnnPlans.class);
    // a plan takes some 50 KiB and 0.1 ms to compile; a model has some 10 shapes of product, a batch some 20 lengths
    private static final int MAX_PLANS = 512;

    private final engine engine;
    private final Map<OneDnnPlan.Shape, OneDnnPlan> plans = new LinkedHashMap<>(64, 0.75f, true);
    private final Set<OneDnnPlan.Shape> refused = new HashSet<>();

    OneDnnPlans(engine engine) {
        this.engine = engine;
    }

    /** @throws UnsupportedOperationException when oneDNN has only its slow reference code for this shape */
    OneDnnPlan get(OneDnnPlan.Shape shape) {
        OneDnnPlan plan = plans.get(shape);
        if (plan == null) {
            plan = compiled(shape);
            plans.put(shape, plan);
            if (plans.size() > MAX_PLANS) {
                Iterator<OneDnnPlan> oldest = plans.values().iterator();
                oldest.next().close();
                oldest.remove();
            }
        }
        return plan;
    }

    private OneDnnPlan compiled(OneDnnPlan.Shape shape) {
        if (refused.contains(shape)) {
            throw new UnsupportedOperationException("oneDNN has no fast kernel for " + shape);
        }
        try {
            return new OneDnnPlan(engine, shape);
        } catch (UnsupportedOperationException slow) {
            refused.add(shape);
            LOG.warn("{}; such products are computed in Java", slow.getMessage());
            throw slow;
        }
    }

    @Override
    public void close() {
        plans.values().forEach(OneDnnPlan::close);
        plans.clear();
    }
}
