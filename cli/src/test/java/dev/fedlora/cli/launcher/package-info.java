/** The launcher script, run against stand-ins for Java and Maven. */
@NullMarked
package dev.fedlora.cli.launcher;

import org.jspecify.annotations.NullMarked;
