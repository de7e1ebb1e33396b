package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.crypto.AgreementKeys;
import dev.fedlora.aggregation.crypto.Secret;
import dev.fedlora.aggregation.crypto.Share;
import dev.fedlora.aggregation.secagg.KeyDerivation.Party;
import dev.fedlora.aggregation.secagg.SecretRestorer.Held;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.KeyAdvertisement;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.SealedShares;
import dev.fedlora.aggregation.wire.Unmasking;
import dev.fedlora.aggregation.wire.Unmasking.RevealedShare;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Takes the masks off a sum: the own mask of every survivor, and the masks that survivors share with clients that were
 * lost after they shared. All others cancel. Used once.
 */
final class MaskRemoval {
    private final KeyDerivation derivation;
    private final Transcript transcript;
    private final SecretRestorer restorer;
    private final Map<Long, KeyAdvertisement> keys = new TreeMap<>();
    private final Map<Long, Bytes> commitments = new TreeMap<>();

    MaskRemoval(KeyDerivation derivation, int threshold, Transcript transcript) {
        this.derivation = derivation;
        this.transcript = transcript;
        this.restorer = new SecretRestorer(threshold);
        for (KeyAdvertisement entry : transcript.keys()) {
            keys.put(entry.client(), entry);
        }
        for (SealedShares shares : transcript.shares()) {
            commitments.put(shares.client(), shares.seedCommitment());
        }
    }

    /** A secret that no set of shares gives: of {@link #client}. */
    static final class UnrestorableException extends Exception {
        private static final long serialVersionUID = 1;

        final long client;

        UnrestorableException(long client) {
            super("the secret of client " + client + " cannot be restored from the shares that were revealed");
            this.client = client;
        }
    }

    /**
     * Removes the masks from {@code sum}.
     *
     * @return who revealed wrong shares
     * @throws UnrestorableException when a secret cannot be restored; {@code sum} is unchanged
     */
    List<Long> removeFrom(int[] sum, int workers) throws UnrestorableException {
        List<Long> survivors = transcript.heardIn(Phase.MASKED);
        try (MaskBatch masks = new MaskBatch()) {
            for (long client : survivors) {
                masks.subtract(selfMask(client));
            }
            for (long client : transcript.heardIn(Phase.SHARES)) {
                if (!survivors.contains(client)) {
                    removePairMasks(masks, client, survivors);
                }
            }
            masks.applyTo(sum, workers);
        }
        return restorer.blamed();
    }

    private Secret selfMask(long client) throws UnrestorableException {
        Bytes commitment = commitments.get(client);
        try (Secret seed = restore(
                client,
                Unmasking::seedShares,
                candidate -> derivation.seedCommitment(candidate, client).equals(commitment))) {
            return derivation.selfMask(seed, client);
        }
    }

    private void removePairMasks(MaskBatch masks, long lost, List<Long> survivors) throws UnrestorableException {
        Party party = party(lost);
        Secret privateKey = restore(lost, Unmasking::keyShares, candidate -> isKeyOf(candidate, party.key()));
        try (AgreementKeys keysOfLost = AgreementKeys.ofPrivateKey(privateKey)) {
            // agreements cost as much as a mask of 300,000 coordinates: on all cores
            List<Secret> pairs = survivors.parallelStream()
                    .map(survivor -> pairMask(keysOfLost, party, party(survivor)))
                    .toList();
            for (int i = 0; i < pairs.size(); i++) {
                // the survivor added the mask when its id is the lower one
                if (survivors.get(i) < lost) {
                    masks.subtract(pairs.get(i));
                } else {
                    masks.add(pairs.get(i));
                }
            }
        }
    }

    private Secret pairMask(AgreementKeys keysOfLost, Party lost, Party survivor) {
        try (Secret shared = keysOfLost.agree(survivor.key().toArray())) {
            return derivation.pairMask(shared, lost, survivor);
        }
    }

    private static boolean isKeyOf(Secret candidate, Bytes publicKey) {
        // not closed here: it would wipe the candidate
        return AgreementKeys.ofPrivateKey(candidate).hasPublicKey(publicKey.toArray());
    }

    private Party party(long client) {
        KeyAdvertisement entry = keys.get(client);
        if (entry == null) {
            throw new IllegalStateException("client " + client + " shared without keys");
        }
        return new Party(client, entry.maskKey());
    }

    private Secret restore(long owner, Function<Unmasking, List<RevealedShare>> kind, Predicate<Secret> isRight)
            throws UnrestorableException {
        List<Held> held = new ArrayList<>();
        for (Unmasking unmasking : transcript.unmaskings()) {
            for (RevealedShare share : kind.apply(unmasking)) {
                if (share.owner() == owner) {
                    held.add(new Held(
                            unmasking.client(),
                            Share.of(share.x(), share.limbs().toArray())));
                }
            }
        }
        try {
            return restorer.restore(held, isRight).orElseThrow(() -> new UnrestorableException(owner));
        } finally {
            held.forEach(each -> each.share().close());
        }
    }
}
