package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.KeyAdvertisement;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.SealedShares;
import dev.fedlora.aggregation.wire.SurvivorSignature;
import dev.fedlora.aggregation.wire.Unmasking;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the server accepted so far: of each phase and client the hash of the message, and the messages that are still
 * needed. Immutable; adding gives a new one.
 */
final class Transcript {
    static final Transcript EMPTY = new Transcript(Map.of(), Map.of());

    private final Map<Phase, SortedMap<Long, Bytes>> hashes;
    private final Map<Phase, SortedMap<Long, ClientMessage>> messages;

    private Transcript(Map<Phase, SortedMap<Long, Bytes>> hashes, Map<Phase, SortedMap<Long, ClientMessage>> messages) {
        this.hashes = hashes;
        this.messages = messages;
    }

    Transcript with(ClientMessage message, Bytes hash) {
        return new Transcript(
                plus(hashes, message.phase(), message.client(), hash),
                plus(messages, message.phase(), message.client(), message));
    }

    Transcript withVector(long client, Bytes hash) {
        return new Transcript(plus(hashes, Phase.MASKED, client, hash), messages);
    }

    /** Forgets the messages of {@code phase} and keeps their hashes, for repeats that come after the end. */
    Transcript withoutMessagesOf(Phase phase) {
        Map<Phase, SortedMap<Long, ClientMessage>> fewer = new EnumMap<>(Phase.class);
        fewer.putAll(messages);
        fewer.remove(phase);
        return new Transcript(hashes, Collections.unmodifiableMap(fewer));
    }

    private static <V> Map<Phase, SortedMap<Long, V>> plus(
            Map<Phase, SortedMap<Long, V>> all, Phase phase, long client, V value) {
        Map<Phase, SortedMap<Long, V>> more = new EnumMap<>(Phase.class);
        more.putAll(all);
        SortedMap<Long, V> ofPhase = new TreeMap<>(all.getOrDefault(phase, Collections.emptySortedMap()));
        ofPhase.put(client, value);
        more.put(phase, Collections.unmodifiableSortedMap(ofPhase));
        return Collections.unmodifiableMap(more);
    }

    /** Returns the hash of every message of a phase, by sender. */
    SortedMap<Long, Bytes> hashesOf(Phase phase) {
        return hashes.getOrDefault(phase, Collections.emptySortedMap());
    }

    /** Returns who was heard in a phase, ascending. */
    List<Long> heardIn(Phase phase) {
        return List.copyOf(hashesOf(phase).keySet());
    }

    List<KeyAdvertisement> keys() {
        return messagesOf(Phase.KEYS, KeyAdvertisement.class);
    }

    List<SealedShares> shares() {
        return messagesOf(Phase.SHARES, SealedShares.class);
    }

    List<SurvivorSignature> signatures() {
        return messagesOf(Phase.SURVIVORS, SurvivorSignature.class);
    }

    List<Unmasking> unmaskings() {
        return messagesOf(Phase.UNMASK, Unmasking.class);
    }

    private <M extends ClientMessage> List<M> messagesOf(Phase phase, Class<M> type) {
        return messages.getOrDefault(phase, Collections.emptySortedMap()).values().stream()
                .map(type::cast)
                .toList();
    }
}
