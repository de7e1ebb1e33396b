/** Small real stand-ins for the tests of clients: a time that only waiting moves, and a coordinator in memory. */
@NullMarked
package dev.fedlora.client.testing;

import org.jspecify.annotations.NullMarked;
