/**
 * Small programs that use fedlora as a library, and the synthetic notes they run on.
 *
 * <p>Where to look first: {@link dev.fedlora.examples.triage.SyntheticTriageNotes}.
 *
 * <p>Rules: nothing but the public classes of the other modules, so that whoever copies an example can compile it.
 */
@NullMarked
package dev.fedlora.examples;

import org.jspecify.annotations.NullMarked;
