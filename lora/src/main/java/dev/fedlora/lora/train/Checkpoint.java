package dev.fedlora.lora.train;

import java.util.Map;

/**
 * A training after a whole step, from which it goes on as if it had never stopped. Holds an adapter trained on private data,
 * and is as private.
 *
 * @param origin what is trained, on what, and how: a training only goes on from a checkpoint of the same origin
 * @param step steps taken
 * @param lossSum of all losses so far
 * @param values all values of the adapter in canonical order, frozen ones too
 * @param first moments of the P trained values
 * @param second moments of the P trained values
 */
@SuppressWarnings("ArrayRecordComponent") // made for one write or one read, never compared
record Checkpoint(
        Map<String, String> origin, int step, double lossSum, float[] values, float[] first, float[] second) {}
