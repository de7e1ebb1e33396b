/**
 * A federation of a small Deeplearning4j network: what a team that has such a model writes to federate it.
 *
 * <p>Vocabulary: a <em>machine</em> is watched by sensors and is in one of several <em>conditions</em>; a <em>workshop</em> is
 * a client, which has met only some of them.
 *
 * <p>Where to look first: {@link dev.fedlora.examples.dl4j.WorkshopStory}.
 *
 * <p>The data are made up by {@link dev.fedlora.examples.dl4j.SyntheticMachines}. Results on them are no evidence for results
 * on real machines.
 */
@NullMarked
package dev.fedlora.examples.dl4j;

import org.jspecify.annotations.NullMarked;
