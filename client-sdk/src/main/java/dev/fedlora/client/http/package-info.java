/**
 * The coordinator over HTTP: signed requests, binary messages, long polls, problem documents as typed exceptions.
 *
 * <p>Where to look first: {@link dev.fedlora.client.http.HttpTransport}.
 *
 * <p>Rules: https, or plain http on this very machine; redirects are never followed; an answer larger than its kind may
 * be is cut off; what the coordinator writes into a problem is shortened and cleaned before anybody logs it.
 *
 * <p>Sources: RFC 9457 (problem details).
 */
@NullMarked
package dev.fedlora.client.http;

import org.jspecify.annotations.NullMarked;
