/**
 * Between a task and whatever trains: what a task's settings mean for a trainer, and where private training gets its
 * randomness from.
 *
 * <p>Where to look first: {@link dev.fedlora.client.training.TrainerFactory}, the seam an application implements to
 * federate a model of its own.
 *
 * <p>Rules: nothing here knows a network, a key or another client.
 */
@NullMarked
package dev.fedlora.client.training;

import org.jspecify.annotations.NullMarked;
