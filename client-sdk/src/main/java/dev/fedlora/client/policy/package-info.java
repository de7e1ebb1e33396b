/**
 * What a client's owner allows: the conditions under which this client takes part, whatever a coordinator proposes.
 *
 * <p>Where to look first: {@link dev.fedlora.client.policy.ClientPolicy}.
 *
 * <p>Rules: checked at the client, before training and again for every round; every objection is told at once.
 */
@NullMarked
package dev.fedlora.client.policy;

import org.jspecify.annotations.NullMarked;
