/** Runs commands as processes of their own, as their users do. */
@NullMarked
package dev.fedlora.cli.processes;

import org.jspecify.annotations.NullMarked;
