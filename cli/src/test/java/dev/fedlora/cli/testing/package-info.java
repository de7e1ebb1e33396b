/** Runs commands inside the test's process. */
@NullMarked
package dev.fedlora.cli.testing;

import org.jspecify.annotations.NullMarked;
