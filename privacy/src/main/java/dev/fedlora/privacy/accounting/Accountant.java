package dev.fedlora.privacy.accounting;

/**
 * The cost of a sequence of events, as upper bounds. Immutable: adding events gives another accountant, and their order does
 * not matter.
 */
public interface Accountant {
    /** The name under which {@link Accountants#named} knows this kind. */
    String name();

    /**
     * Returns this accountant with {@code count} more runs of {@code event}.
     *
     * @throws IllegalArgumentException when {@code count} is negative or this kind cannot account for such an event
     */
    Accountant plus(PrivacyEvent event, long count);

    /**
     * Returns an epsilon such that the sequence is (epsilon, {@code delta}) differentially private; 0 when nothing was
     * spent, infinite when no bound is known.
     *
     * @throws IllegalArgumentException when {@code delta} is not in (0, 1)
     */
    double epsilon(double delta);

    /**
     * Returns a delta in [0, 1] such that the sequence is ({@code epsilon}, delta) differentially private.
     *
     * @throws IllegalArgumentException when {@code epsilon} is negative or not finite
     */
    double delta(double epsilon);

    /** True when the sequence is within {@code budget}. */
    default boolean isWithin(Budget budget) {
        return epsilon(budget.delta()) <= budget.epsilon();
    }
}
