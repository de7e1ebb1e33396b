/**
 * A client as a process of its own: everything it needs lies in one folder, and it runs until its task is finished.
 *
 * <p>Where to look first: {@link dev.fedlora.client.agent.ClientAgent}; {@link dev.fedlora.client.agent.AgentConfig} shows
 * the file that describes one.
 */
@NullMarked
package dev.fedlora.client.agent;

import org.jspecify.annotations.NullMarked;
