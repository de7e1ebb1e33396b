/**
 * What a coordinator needs to be told before it starts, and how a refused start is reported.
 *
 * <p>Vocabulary: a <em>listen address</em> is what the HTTP server binds to; <em>loopback</em> addresses never leave the
 * machine; <em>limits</em> bound what one request may cost. Look first at {@link
 * dev.fedlora.coordinator.config.CoordinatorConfig}. Rule: a configuration is checked as a whole and all its problems
 * are reported at once; a process never starts half configured.
 */
@NullMarked
package dev.fedlora.coordinator.config;

import org.jspecify.annotations.NullMarked;
