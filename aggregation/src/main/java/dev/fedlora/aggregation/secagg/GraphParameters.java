package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.wire.RoundPlan;

/**
 * With how many others a client shares, and how many shares restore a secret.
 *
 * @param clients n
 * @param neighbours k
 * @param threshold t
 */
public record GraphParameters(int clients, int neighbours, int threshold) {
    /**
     * Returns the complete graph: k = n - 1 and the least t with 2t &gt; n + c, so that a coordinator with c clients on its
     * side cannot make two groups of clients reveal both shares of anyone. Up to n - t clients may be lost.
     *
     * @param clients n, from 3 to 128
     * @param corrupt c, from 0
     * @throws IllegalArgumentException when n is out of range or c leaves fewer than two honest clients
     */
    public static GraphParameters forClients(int clients, int corrupt) {
        if (clients < 3 || clients > RoundPlan.MAX_CLIENTS) {
            throw new IllegalArgumentException(
                    "secure aggregation on the complete graph takes from 3 to %d clients, got %d; the random graph for"
                                    .formatted(RoundPlan.MAX_CLIENTS, clients)
                            + " larger cohorts is not available");
        }
        if (corrupt < 0 || corrupt > clients - 2) {
            throw new IllegalArgumentException(
                    "corrupt clients must be from 0 to %d of %d, got %d".formatted(clients - 2, clients, corrupt));
        }
        int threshold = (clients + corrupt) / 2 + 1;
        return new GraphParameters(clients, clients - 1, threshold);
    }
}
