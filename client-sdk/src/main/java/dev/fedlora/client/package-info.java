/**
 * Taking part in a federation from an application: one entry point, which trains on data that stays here and lets nothing
 * out but masked updates that the owner's policy and ledger allow.
 *
 * <p>Vocabulary: a client <i>joins</i> a task when its policy has no objection; it <i>takes part</i> in a round from the
 * plan to the result; it <i>refuses</i> what is against its policy, its pinned keys or its budget, and then stops and says
 * why. The <i>roster</i> and the coordinator's key are <i>pinned</i>: they come from outside the coordinator and are what
 * all trust rests on.
 *
 * <p>Where to look first: {@link dev.fedlora.client.FederatedClient}; for a process of its own, {@link
 * dev.fedlora.client.agent.ClientAgent}.
 *
 * <p>Rules: sub-packages do not import this one, but for the agent, which is a program on top of it. Nothing of an example,
 * an update or a key is ever logged.
 */
@NullMarked
package dev.fedlora.client;

import org.jspecify.annotations.NullMarked;
