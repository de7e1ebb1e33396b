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

    /** Shares seed and mask key among everyone in {@code entries}, this client included. */
    SealedShares share(List<KeyAdvertisement> entries) {
        int[] xs = entries.stream().mapToInt(entry -> xOf(entry.client())).toArray();
        int threshold = checked.plan().threshold();
        List<Share> seedShares = Shamir.split(seed, xs, threshold, random);
        List<Share> keyShares = Shamir.split(maskKeys.privateKey(), xs, threshold, random);
        List<SealedShares.Box> boxes = new ArrayList<>();
        for (int i = 0; i < xs.length; i++) {
            ShareBundle bundle = new ShareBundle(seedShares.get(i), keyShares.get(i));
            KeyAdvertisement entry = entries.get(i);
            if (entry.client() == client) {
                bundles.put(client, bundle);
            } else {
                boxes.add(seal(bundle, entry));
                bundle.close();
            }
        }
        return new SealedShares(checked.session(), client, derivation.seedCommitment(seed, client), boxes);
    }

    private SealedShares.Box seal(ShareBundle bundle, KeyAdvertisement peer) {
        Party to = new Party(peer.client(), peer.shareKey());
        try (Secret key = derivation.shareBox(shareKeys, selfForShares(), to)) {
            byte[] context = derivation.boxContext(client, peer.client());
            return new SealedShares.Box(peer.client(), Bytes.of(bundle.seal(key, context, random)));
        }
    }

    /** Opens every box; returns the senders and this client, U2. */
    Set<Long> open(ShareDelivery delivery, List<KeyAdvertisement> entries) {
        Map<Long, KeyAdvertisement> peers = new TreeMap<>();
        entries.forEach(entry -> peers.put(entry.client(), entry));
        for (ShareDelivery.Box box : delivery.boxes()) {
            KeyAdvertisement peer = peers.get(box.from());
            if (peer == null) {
                throw new IllegalStateException("boxes of strangers are refused before");
            }
            bundles.put(box.from(), open(box, peer));
        }
        return new TreeSet<>(bundles.keySet());
    }

    private ShareBundle open(ShareDelivery.Box box, KeyAdvertisement peer) {
        Party from = new Party(peer.client(), peer.shareKey());
        byte[] context = derivation.boxContext(peer.client(), client);
        try (Secret key = derivation.shareBox(shareKeys, from, selfForShares())) {
            ShareBundle bundle = ShareBundle.open(key, box.sealed().toArray(), context)
                    .orElseThrow(() -> new ProtocolException(
                            Reason.BAD_SHARE, "shares from client " + box.from() + " do not open"));
            if (bundle.x() != xOf(client)) {
                bundle.close();
                throw new ProtocolException(
                        Reason.BAD_SHARE,
                        "shares from client %d must be for x %d, got %d"
                                .formatted(box.from(), xOf(client), bundle.x()));
            }
            return bundle;
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
    void mask(int[] vector, List<KeyAdvertisement> entries, Set<Long> sharers) {
        try (MaskBatch masks = new MaskBatch()) {
            masks.add(derivation.selfMask(seed, client));
            Party self = new Party(client, Bytes.of(maskKeys.publicKey()));
            for (KeyAdvertisement peer : entries) {
                if (peer.client() != client && sharers.contains(peer.client())) {
                    Secret key = derivation.pairMask(maskKeys, self, new Party(peer.client(), peer.maskKey()));
                    if (client < peer.client()) {
                        masks.add(key);
                    } else {
                        masks.subtract(key);
                    }
                }
            }
            masks.applyTo(vector, 1);
        }
        maskKeys.close();
        shareKeys.close();
        seed.close();
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

    private Party selfForShares() {
        return new Party(client, Bytes.of(shareKeys.publicKey()));
    }

    private int xOf(long id) {
        return checked.roster().indexOf(id) + 1;
    }

    /** Says whether nothing secret is left. */
    boolean isWiped() {
        return seed.isWiped()
                && maskKeys.privateKey().isWiped()
                && shareKeys.privateKey().isWiped()
                && bundles.isEmpty();
    }

    @Override
    public void close() {
        maskKeys.close();
        shareKeys.close();
        seed.close();
        bundles.values().forEach(ShareBundle::close);
        bundles.clear();
    }
}
