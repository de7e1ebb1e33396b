/**
 * {@code fedlora privacy}: what a planned run of differentially private training costs, and how much noise it needs.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.privacy.PrivacyGroup}; the accountants are in {@code
 * dev.fedlora.privacy.accounting}.
 */
@NullMarked
package dev.fedlora.cli.privacy;

import org.jspecify.annotations.NullMarked;
