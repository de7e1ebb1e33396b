/** {@code fedlora bench}: how fast the engine is on this machine. */
@NullMarked
package dev.fedlora.cli.bench;

import org.jspecify.annotations.NullMarked;
