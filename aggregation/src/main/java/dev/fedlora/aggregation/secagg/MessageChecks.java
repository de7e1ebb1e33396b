package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.crypto.AgreementKeys;
import dev.fedlora.aggregation.crypto.Share;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.ClientMessage;
import dev.fedlora.aggregation.wire.KeyAdvertisement;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.Roster;
import dev.fedlora.aggregation.wire.RosterEntry;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.SealedShares;
import dev.fedlora.aggregation.wire.SurvivorSignature;
import dev.fedlora.aggregation.wire.Unmasking;
import dev.fedlora.aggregation.wire.Unmasking.RevealedShare;
import java.util.ArrayList;
import java.util.List;

/** What the server checks of each client message, against what it accepted before. Stateless. */
final class MessageChecks {
    private final RoundPlan plan;
    private final Roster roster;

    MessageChecks(RoundPlan plan, Roster roster) {
        this.plan = plan;
        this.roster = roster;
    }

    /** @throws ProtocolException when {@code message} may not be accepted */
    void check(ClientMessage message, Transcript transcript) {
        if (message instanceof KeyAdvertisement keys) {
            checkKeys(keys, transcript);
        } else if (message instanceof SealedShares shares) {
            checkShares(shares, transcript);
        } else if (message instanceof SurvivorSignature signature) {
            checkSignature(signature, transcript);
        } else if (message instanceof Unmasking unmasking) {
            checkUnmasking(unmasking, transcript);
        }
    }

    private void checkKeys(KeyAdvertisement keys, Transcript transcript) {
        if (!keys.isSignedBy(identityOf(keys.client()))) {
            throw refusal(keys, Reason.BAD_SIGNATURE, "keys are not signed by its roster key");
        }
        if (transcript.keys().size() >= plan.clients()) {
            throw refusal(keys, Reason.COHORT_FULL, "the plan admits %d clients".formatted(plan.clients()));
        }
        if (!AgreementKeys.isPublicKey(keys.maskKey().toArray())
                || !AgreementKeys.isPublicKey(keys.shareKey().toArray())) {
            throw refusal(keys, Reason.BAD_KEY, "a key is of low order");
        }
        List<Bytes> known = new ArrayList<>(List.of(keys.maskKey()));
        transcript.keys().forEach(other -> {
            known.add(other.maskKey());
            known.add(other.shareKey());
        });
        boolean isRepeated = known.contains(keys.shareKey())
                || known.subList(1, known.size()).contains(keys.maskKey());
        if (isRepeated) {
            throw refusal(keys, Reason.BAD_KEY, "a key occurs twice");
        }
    }

    private static void checkShares(SealedShares shares, Transcript transcript) {
        List<Long> recipients =
                shares.boxes().stream().map(SealedShares.Box::to).toList();
        List<Long> others = new ArrayList<>(transcript.heardIn(Phase.KEYS));
        others.remove(shares.client());
        if (!recipients.equals(others)) {
            throw refusal(shares, Reason.BAD_LIST, "boxes must be for %s, got %s".formatted(others, recipients));
        }
    }

    private void checkSignature(SurvivorSignature signature, Transcript transcript) {
        List<Long> survivors = transcript.heardIn(Phase.MASKED);
        if (!signature.isSignedBy(identityOf(signature.client()), survivors)) {
            throw refusal(signature, Reason.BAD_SIGNATURE, "the survivors are not signed by its roster key");
        }
    }

    private void checkUnmasking(Unmasking unmasking, Transcript transcript) {
        List<Long> survivors = transcript.heardIn(Phase.MASKED);
        List<Long> lost = new ArrayList<>(transcript.heardIn(Phase.SHARES));
        lost.removeAll(survivors);
        checkRevealed(unmasking, "seed", unmasking.seedShares(), survivors);
        checkRevealed(unmasking, "key", unmasking.keyShares(), lost);
    }

    private void checkRevealed(Unmasking unmasking, String kind, List<RevealedShare> shares, List<Long> owners) {
        List<Long> got = shares.stream().map(RevealedShare::owner).toList();
        if (!got.equals(owners)) {
            throw refusal(unmasking, Reason.BAD_LIST, "%s shares must be of %s, got %s".formatted(kind, owners, got));
        }
        int x = roster.indexOf(unmasking.client()) + 1;
        for (RevealedShare share : shares) {
            if (share.x() != x) {
                throw refusal(
                        unmasking, Reason.BAD_SHARE, "x of its shares must be %d, got %d".formatted(x, share.x()));
            }
            try {
                Share.of(share.x(), share.limbs().toArray()).close();
            } catch (IllegalArgumentException e) {
                throw refusal(unmasking, Reason.BAD_SHARE, String.valueOf(e.getMessage()));
            }
        }
    }

    private Bytes identityOf(long client) {
        return roster.find(client)
                .map(RosterEntry::identityKey)
                .orElseThrow(() ->
                        new ProtocolException(Reason.UNKNOWN_CLIENT, "client " + client + " is not on the roster"));
    }

    private static ProtocolException refusal(ClientMessage message, Reason reason, String why) {
        return new ProtocolException(
                reason, "%s of client %d: %s".formatted(message.phase().path(), message.client(), why));
    }
}
