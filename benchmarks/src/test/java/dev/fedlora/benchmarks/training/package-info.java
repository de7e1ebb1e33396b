/** Tests of the training benchmark on a shape that takes no time. */
@NullMarked
package dev.fedlora.benchmarks.training;

import org.jspecify.annotations.NullMarked;
