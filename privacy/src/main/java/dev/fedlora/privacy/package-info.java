/**
 * Differential privacy without a network or a model: mechanisms that bound and noise a vector, exact samplers, accountants
 * that say what a run costs, and the ledger that stops it before it costs too much.
 *
 * <p>Look first at {@code sampler.SecureBits} (where randomness comes from), {@code accounting.Accountant} (epsilon from
 * delta) and {@code ledger.PrivacyLedger} (charge before release). This package only names its four parts: {@code sampler}
 * imports none of them, {@code mechanism} imports {@code sampler}, {@code ledger} imports {@code accounting}.
 */
@NullMarked
package dev.fedlora.privacy;

import org.jspecify.annotations.NullMarked;
