/**
 * {@code fedlora roster}: who the clients of a federation are. The roster is made outside the coordinator, and clients pin
 * it, so that a coordinator cannot add clients of its own.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.roster.RosterGroup}.
 */
@NullMarked
package dev.fedlora.cli.roster;

import org.jspecify.annotations.NullMarked;
