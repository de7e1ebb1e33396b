/**
 * {@code fedlora simulate}: experiments with many clients on one machine.
 *
 * <p>Where to look first: {@link dev.fedlora.cli.simulate.SimulateCommand}; what an experiment's file may say is in {@link
 * dev.fedlora.simulations.experiment.Experiment}.
 */
@NullMarked
package dev.fedlora.cli.simulate;

import org.jspecify.annotations.NullMarked;
