package dev.fedlora.client.training;

/**
 * What training for one round gave. The array is the maker's own, handed on; it is never printed.
 *
 * @param parameters after training, in canonical order
 * @param examples passed over; 0 after private training, which tells nobody
 * @param meanLoss over them, for this client's own eyes; NaN after private training
 */
@SuppressWarnings("ArrayRecordComponent") // as long as the model: handed on, never compared
public record TrainedUpdate(float[] parameters, long examples, double meanLoss) {
    /** Names the size only. */
    @Override
    public String toString() {
        return "TrainedUpdate[" + parameters.length + " parameters]";
    }
}
