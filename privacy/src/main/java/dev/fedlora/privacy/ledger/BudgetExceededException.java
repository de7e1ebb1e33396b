package dev.fedlora.privacy.ledger;

import dev.fedlora.privacy.accounting.Budget;

/** A release would cost more than the budget allows; nothing was written and nothing may be released. */
public final class BudgetExceededException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Budget budget;
    private final double spent;
    private final double afterwards;

    BudgetExceededException(Budget budget, double spent, double afterwards) {
        super("privacy budget: epsilon would be " + afterwards + " after this release and is " + spent
                + " before it; allowed " + budget.epsilon() + " at delta " + budget.delta());
        this.budget = budget;
        this.spent = spent;
        this.afterwards = afterwards;
    }

    /** What is allowed. */
    public Budget budget() {
        return budget;
    }

    /** Epsilon before the release, at the budget's delta. */
    public double spent() {
        return spent;
    }

    /** Epsilon after it. */
    public double afterwards() {
        return afterwards;
    }
}
