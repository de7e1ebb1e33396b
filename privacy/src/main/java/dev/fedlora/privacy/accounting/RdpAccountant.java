package dev.fedlora.privacy.accounting;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Accounting by Rényi differential privacy (Ilya Mironov, "Rényi Differential Privacy", CSF 2017, arXiv 1702.07476): the
 * divergences of all steps add up at each order, and the best order gives the epsilon. Immutable; thread-safe.
 *
 * <p>The conversion is proposition 12 of Canonne, Kamath, Steinke (NeurIPS 2020),
 * <pre>
 *   epsilon = min over α of  rdp(α) + log(1 - 1/α) - log(δ α) / (α - 1),   at least 0
 * </pre>
 * and epsilon is 0 when the total variation distance, bounded through the divergence, is already below δ. A step costs less
 * than a millisecond to add, however often it is repeated.
 */
public final class RdpAccountant implements Accountant {
    /** An event that was run {@code count} times; {@code divergences} are those of one run. */
    private static final class Term {
        final double[] divergences;
        final long count;

        Term(double[] divergences, long count) {
            this.divergences = divergences;
            this.count = count;
        }
    }

    private final RdpOrders orders;
    private final Map<PrivacyEvent, Term>
            terms; // in the order in which they were first seen, so that sums are repeatable
    private final double[] divergences; // of all terms, by order

    /** Nothing spent, at the standard orders. */
    public RdpAccountant() {
        this(RdpOrders.standard());
    }

    /** Nothing spent, at {@code orders}. */
    public RdpAccountant(RdpOrders orders) {
        this(orders, Map.of());
    }

    private RdpAccountant(RdpOrders orders, Map<PrivacyEvent, Term> terms) {
        this.orders = orders;
        this.terms = terms;
        this.divergences = new double[orders.count()];
        for (Term term : terms.values()) {
            for (int i = 0; i < divergences.length; i++) {
                divergences[i] += term.count * term.divergences[i];
            }
        }
    }

    @Override
    public String name() {
        return "rdp";
    }

    @Override
    public RdpAccountant plus(PrivacyEvent event, long count) {
        if (count < 0) {
            throw new IllegalArgumentException("count of steps is " + count + ", must not be negative");
        }
        if (count == 0) {
            return this;
        }
        Map<PrivacyEvent, Term> more = new LinkedHashMap<>(terms);
        Term before = terms.get(event);
        more.put(
                event,
                before == null
                        ? new Term(divergences((SampledGaussian) event, orders), count)
                        : new Term(before.divergences, Math.addExact(before.count, count)));
        return new RdpAccountant(orders, more);
    }

    /** The Rényi divergence of everything so far at {@code orders.order(index)}. */
    public double divergence(int index) {
        return divergences[index];
    }

    @Override
    public double epsilon(double delta) {
        Budget.requireDelta(delta);
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < divergences.length; i++) {
            least = Math.min(least, epsilonAt(orders.order(i), divergences[i], delta));
        }
        return Math.max(0, least);
    }

    private static double epsilonAt(double order, double divergence, double delta) {
        // δ² >= 1 - exp(-KL) bounds the total variation distance (Bretagnolle, Huber), and KL is at most the divergence
        if (delta * delta + Math.expm1(-divergence) >= 0) {
            return 0;
        }
        return divergence + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1);
    }

    @Override
    public double delta(double epsilon) {
        if (!(epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("epsilon is " + epsilon + ", must be finite and not negative");
        }
        double least = 0; // log 1
        for (int i = 0; i < divergences.length; i++) {
            least = Math.min(least, logDeltaAt(orders.order(i), divergences[i], epsilon));
        }
        return Math.exp(least);
    }

    private static double logDeltaAt(double order, double divergence, double epsilon) {
        double byDistance = 0.5 * Math.log(-Math.expm1(-divergence));
        double byOrder = (order - 1) * (divergence - epsilon + Math.log1p(-1 / order)) - Math.log(order);
        return Math.min(byDistance, byOrder);
    }

    /** The divergences of one step; they do not fall with the order, since each is an upper bound for the orders below. */
    private static double[] divergences(SampledGaussian event, RdpOrders orders) {
        double q = event.samplingRate();
        double sigma = event.noiseMultiplier();
        double[] step = new double[orders.count()];
        if (q == 0) {
            return step;
        }
        var moments = new SampledGaussianMoments(q, sigma, orders.largest());
        double atNext = Double.POSITIVE_INFINITY;
        for (int i = step.length - 1; i >= 0; i--) {
            double order = orders.order(i);
            double unsampled = order / 2 / sigma / sigma; // sampling can only lower it
            boolean isKnown = q < 1 && event.noise().isProvenAt(order);
            double here = isKnown ? Math.min(unsampled, moments.divergence(order)) : unsampled;
            atNext = Math.min(atNext, here);
            step[i] = atNext;
        }
        return step;
    }
}
