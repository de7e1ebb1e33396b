/**
 * What one simulation is, as a file says it: data, partition, base model, task.
 *
 * <p>Where to look first: {@link dev.fedlora.simulations.experiment.Experiment}, whose documentation shows a file with
 * every field.
 *
 * <p>Rules: all mistakes of a file are reported at once; nothing about the machine is in it, so that it means the same
 * everywhere.
 */
@NullMarked
package dev.fedlora.simulations.experiment;

import org.jspecify.annotations.NullMarked;
