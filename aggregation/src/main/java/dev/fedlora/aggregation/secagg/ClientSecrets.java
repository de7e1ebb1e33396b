package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.crypto.AgreementKeys;
import dev.fedlora.aggregation.crypto.Secret;
import dev.fedlora.aggregation.crypto.Shamir;
import dev.fedlora.aggregation.crypto.Share;
import dev.fedlora.aggregation.crypto.ShareBundle;
import dev.fedlora.aggregation.secagg.KeyDerivation.Party;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.KeyAdvertisement;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.SealedShares;
import dev.fedlora.aggregation.wire.ShareDelivery;
import dev.fedlora.aggregation.wire.Unmasking;
import dev.fedlora.aggregation.wire.Unmasking.RevealedShare;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Everything secret that a client has in one session, and what it computes with it. {@link ClientSession} decides what
 * may be done and when. Prints nothing. Not thread-safe.
 */
final class ClientSecrets implements AutoCloseable {
    private static final int NONCE_BYTES = 32;

    private final CheckedPlan checked;
    private final long client;
    private final SecureRandom random;
    private final KeyDerivation derivation;
    private final AgreementKeys maskKeys;
    private final AgreementKeys shareKeys;
    private final Secret seed;
    private final Map<Long, ShareBundle> bundles = new TreeMap<>();
    private final Map<Long, Secret> pairMasks = new TreeMap<>();
    private final Map<Long, Secret> incomingBoxes = new TreeMap<>();

    ClientSecrets(CheckedPlan checked, long client, SecureRandom random) {
        this.checked = checked;
        this.client = client;
        this.random = random;
        this.derivation = new KeyDerivation(checked.session(), checked.plan().dimension());
        this.maskKeys = AgreementKeys.generate(random);
        this.shareKeys = AgreementKeys.generate(random);
        this.seed = Secret.random(random, Shamir.SECRET_BYTES);
    }

    /** Returns the public keys of this session. */
    KeyAdvertisement.Keys generateKeys() {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        return new KeyAdvertisement.Keys(
                Bytes.of(maskKeys.publicKey()), Bytes.of(shareKeys.publicKey()), Bytes.of(nonce));
    }

    /**
     * Agrees with everyone in {@code entries} and shares seed and mask key among them, this client included.
     *
     * @throws ProtocolException when a key is of low order
     */
    SealedShares share(List<KeyAdvertisement> entries) {
        int[] xs = entries.stream().mapToInt(entry -> xOf(entry.client())).toArray();
        int threshold = checked.plan().threshold();
        List<Share> seedShares = Shamir.split(seed, xs, threshold, random);
        List<Share> keyShares = Shamir.split(maskKeys.privateKey(), xs, threshold, random);
        List<SealedShares.Box> boxes = new ArrayList<>();
        for (int i = 0; i < xs.length; i++) {
            ShareBundle bundle = new ShareBundle(seedShares.get(i), keyShares.get(i));
            KeyAdvertisement entry = entries.get(i);
            bundles.put(entry.client(), bundle); // those of others until they are sealed: closing wipes them
            if (entry.client() != client) {
                boxes.add(seal(bundle, entry));
            }
        }
        bundles.entrySet().removeIf(entry -> {
            boolean isForOther = entry.getKey() != client;
            if (isForOther) {
                entry.getValue().close();
            }
            return isForOther;
        });
        return new SealedShares(checked.session(), client, derivation.seedCommitment(seed, client), boxes);
    }

    private SealedShares.Box seal(ShareBundle bundle, KeyAdvertisement peer) {
        try (Secret forShares = shareKeys.agree(peer.shareKey().toArray());
                Secret forMask = maskKeys.agree(peer.maskKey().toArray())) {
            Party self = new Party(client, Bytes.of(shareKeys.publicKey()));
            Party other = new Party(peer.client(), peer.shareKey());
            incomingBoxes.put(peer.client(), derivation.shareBox(forShares, other, self));
            Party selfMask = new Party(client, Bytes.of(maskKeys.publicKey()));
            pairMasks.put(
                    peer.client(), derivation.pairMask(forMask, selfMask, new Party(peer.client(), peer.maskKey())));
            try (Secret key = derivation.shareBox(forShares, self, other)) {
                byte[] context = derivation.boxContext(client, peer.client());
                return new SealedShares.Box(peer.client(), Bytes.of(bundle.seal(key, context, random)));
            }
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(Reason.BAD_KEY, "a key of client " + peer.client() + ": " + e.getMessage(), e);
        }
    }

    /** Opens every box; returns the senders and this client, U2. */
    Set<Long> open(ShareDelivery delivery) {
        for (ShareDelivery.Box box : delivery.boxes()) {
            bundles.put(box.from(), open(box));
        }
        return new TreeSet<>(bundles.keySet());
    }

    private ShareBundle open(ShareDelivery.Box box) {
        Secret key = incomingBoxes.get(box.from());
        if (key == null) {
            throw new IllegalStateException("boxes of strangers are refused before");
        }
        ShareBundle bundle = openBox(box, key);
        if (bundle.x() != xOf(client)) {
            bundle.close();
            throw new ProtocolException(
                    Reason.BAD_SHARE,
                    "shares from client %d must be for x %d, got %d".formatted(box.from(), xOf(client), bundle.x()));
        }
        return bundle;
    }

    private ShareBundle openBox(ShareDelivery.Box box, Secret key) {
        byte[] context = derivation.boxContext(box.from(), client);
        try {
            return ShareBundle.open(key, box.sealed().toArray(), context)
                    .orElseThrow(() -> new ProtocolException(
                            Reason.BAD_SHARE, "shares from client " + box.from() + " do not open"));
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(
                    Reason.BAD_SHARE, "shares from client " + box.from() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Adds the own mask and those shared with {@code sharers}, then wipes what made them.
     *
     * <pre>
     * y_u = x_u + PRG(b_u) + sum_{v &gt; u} PRG(s_uv) - sum_{v &lt; u} PRG(s_uv)   mod 2^32
     * </pre>
     */
    void mask(int[] vector, Set<Long> sharers) {
        try (MaskBatch masks = new MaskBatch()) {
            masks.add(derivation.selfMask(seed, client));
            pairMasks.forEach((peer, key) -> {
                if (sharers.contains(peer) && client < peer) {
                    masks.add(key);
                } else if (sharers.contains(peer)) {
                    masks.subtract(key);
                }
            });
            masks.applyTo(vector, 1);
        }
        closeKeys();
    }

    /** Reveals the share of the seed of every survivor, and of the mask key of everyone else who shared. */
    Unmasking reveal(List<Long> survivors) {
        Set<Long> alive = new HashSet<>(survivors);
        List<RevealedShare> seedShares = new ArrayList<>();
        List<RevealedShare> keyShares = new ArrayList<>();
        bundles.forEach((owner, bundle) -> {
            boolean isAlive = alive.contains(owner);
            Share share = isAlive ? bundle.seed() : bundle.key();
            (isAlive ? seedShares : keyShares).add(new RevealedShare(owner, share.x(), Bytes.of(share.reveal())));
        });
        return new Unmasking(checked.session(), client, seedShares, keyShares);
    }

    private int xOf(long id) {
        return checked.roster().indexOf(id) + 1;
    }

    /** Says whether nothing secret is left. */
    boolean isWiped() {
        return seed.isWiped()
                && maskKeys.privateKey().isWiped()
                && shareKeys.privateKey().isWiped()
                && pairMasks.isEmpty()
                && incomingBoxes.isEmpty()
                && bundles.isEmpty();
    }

    /** Wipes what made the masks; the shares of others stay for the unmasking. */
    private void closeKeys() {
        maskKeys.close();
        shareKeys.close();
        seed.close();
        pairMasks.values().forEach(Secret::close);
        pairMasks.clear();
        incomingBoxes.values().forEach(Secret::close);
        incomingBoxes.clear();
    }

    @Override
    public void close() {
        closeKeys();
        bundles.values().forEach(ShareBundle::close);
        bundles.clear();
    }
}
