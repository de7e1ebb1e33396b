package dev.fedlora.privacy.ledger;

/** What one person's protection covers: neighbouring data sets differ by one of these. */
public enum PrivacyUnit {
    /** One training example. */
    RECORD,
    /** All examples of one group, such as a patient. */
    GROUP,
    /** Everything that one client holds. */
    CLIENT
}
