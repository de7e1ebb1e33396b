/** What the tests of simulations share: a small experiment on disk. */
@NullMarked
package dev.fedlora.simulations.testing;

import org.jspecify.annotations.NullMarked;
