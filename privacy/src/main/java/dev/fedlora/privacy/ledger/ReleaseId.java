package dev.fedlora.privacy.ledger;

import java.util.regex.Pattern;

/**
 * Which release a charge pays for. A round of a task is paid for once, under one plan.
 *
 * @param task name of the task, 1 to 201 characters, none of them a control character
 * @param round not negative
 * @param planHash SHA-256 of the signed round plan, 64 lower-case hexadecimal digits
 */
public record ReleaseId(String task, long round, String planHash) {
    private static final int LONGEST_TASK = 201; // a federation's and a task's name, 100 each, and what stands between
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    /** @throws IllegalArgumentException when a part is out of its range */
    public ReleaseId {
        if (task.isEmpty() || task.length() > LONGEST_TASK || task.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("task name has " + task.length() + " characters, must have 1 to "
                    + LONGEST_TASK + " and no control character");
        }
        if (!isUnicode(task)) {
            throw new IllegalArgumentException("task name has half of a surrogate pair, must be valid Unicode");
        }
        if (round < 0) {
            throw new IllegalArgumentException("round is " + round + ", must not be negative");
        }
        if (!HASH.matcher(planHash).matches()) {
            throw new IllegalArgumentException(
                    "plan hash is \"" + planHash + "\", must be 64 lower-case hexadecimal digits");
        }
    }

    /** A lone surrogate would not survive UTF-8. */
    private static boolean isUnicode(String text) {
        return text.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }
}
