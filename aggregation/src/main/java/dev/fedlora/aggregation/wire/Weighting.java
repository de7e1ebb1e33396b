package dev.fedlora.aggregation.wire;

/** What a client's update weighs in the mean. The weight travels inside the masked vector. */
public enum Weighting {
    /** The number of training examples, up to the cap, divided by the cap. */
    EXAMPLES,
    /** The same for all. The only one allowed with a privacy guarantee, which does not cover example counts. */
    UNIFORM
}
