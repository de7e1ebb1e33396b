/**
 * The coordinator's HTTP interface: signed requests in, binary messages and JSON out, problems as RFC 9457 documents.
 *
 * <p>Vocabulary: a <em>problem</em> is the machine-readable answer to a refused request; its {@code type} is stable and
 * part of the interface. A <em>long poll</em> is a GET that is held until there is an answer or its {@code wait} is
 * over. Look first at {@link dev.fedlora.coordinator.http.HttpInterface}, then at {@link
 * dev.fedlora.coordinator.http.ProblemTable}, the one place that maps what went wrong to a status.
 *
 * <p>Rules: the event loop never verifies a signature, touches the store or adds a vector; every request body has a
 * bound in bytes and in silence; no answer carries a stack trace, a key, an update or a file of the server. This package
 * is the only user of Vert.x.
 *
 * <p>Sources: RFC 9110 (HTTP), RFC 9457 (problem details).
 */
@NullMarked
package dev.fedlora.coordinator.http;

import org.jspecify.annotations.NullMarked;
