package dev.fedlora.aggregation.secagg;

import dev.fedlora.aggregation.crypto.Interpolation;
import dev.fedlora.aggregation.crypto.Secret;
import dev.fedlora.aggregation.crypto.Share;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Restores secrets from shares of which some may be wrong: takes t of them, checks the result against what its owner
 * published, and one more share against the polynomial; when that fails it tries other sets of t, those without known
 * wrongdoers first. Remembers who revealed a wrong share. Not thread-safe.
 */
final class SecretRestorer {
    /** Sets tried in one round: enough for any two wrong clients of 128; a tenth of a second each thousand at that size. */
    private static final int MOST_TRIES = 20_000;

    private final int threshold;
    private final TreeSet<Long> blamed = new TreeSet<>();
    private final Map<List<Integer>, Interpolation> known = new HashMap<>();
    private int triesLeft = MOST_TRIES;

    SecretRestorer(int threshold) {
        this.threshold = threshold;
    }

    /**
     * A share and who revealed it.
     *
     * @param client who revealed it
     * @param share what it revealed
     */
    record Held(long client, Share share) {}

    /** Returns who revealed a share that is not on the polynomial of a restored secret, ascending. */
    List<Long> blamed() {
        return List.copyOf(blamed);
    }

    /**
     * Restores one secret.
     *
     * @param held at least t shares with distinct x
     * @param isRight compares a candidate with the owner's public key or commitment
     * @return nothing when no set of t shares that was tried gives the secret
     */
    Optional<Secret> restore(List<Held> held, Predicate<Secret> isRight) {
        List<Held> trusted = new ArrayList<>(held);
        trusted.sort(Comparator.comparing((Held h) -> blamed.contains(h.client())));
        Optional<Secret> secret = attempt(trusted.subList(0, threshold), isRight);
        if (secret.isPresent()) {
            int more = Math.min(threshold + 1, trusted.size());
            blameOthers(trusted.subList(0, threshold), trusted.subList(threshold, more));
            return secret;
        }
        for (int dropped = 1; threshold + dropped <= trusted.size(); dropped++) {
            // sets whose last member is the newest share; those without it were tried before
            List<Held> basis = new ArrayList<>(List.of(trusted.get(threshold + dropped - 1)));
            secret = choose(trusted.subList(0, threshold + dropped - 1), basis, isRight);
            if (secret.isPresent()) {
                List<Held> others = new ArrayList<>(trusted);
                others.removeAll(basis);
                blameOthers(basis, others);
                return secret;
            }
        }
        return Optional.empty();
    }

    /** Completes {@code basis} to t shares with every choice from {@code pool}; on success basis holds the good set. */
    private Optional<Secret> choose(List<Held> pool, List<Held> basis, Predicate<Secret> isRight) {
        int missing = threshold - basis.size();
        if (missing == 0) {
            return attempt(basis, isRight);
        }
        if (pool.size() < missing || triesLeft <= 0) {
            return Optional.empty();
        }
        List<Held> rest = pool.subList(1, pool.size());
        basis.add(pool.get(0));
        Optional<Secret> secret = choose(rest, basis, isRight);
        if (secret.isEmpty()) {
            basis.remove(basis.size() - 1);
            secret = choose(rest, basis, isRight);
        }
        return secret;
    }

    private Optional<Secret> attempt(List<Held> basis, Predicate<Secret> isRight) {
        triesLeft--;
        Optional<Secret> candidate = interpolation(0, basis).secret(sharesOf(basis));
        if (candidate.isPresent() && !isRight.test(candidate.get())) {
            candidate.get().close();
            return Optional.empty();
        }
        return candidate;
    }

    private void blameOthers(List<Held> basis, List<Held> others) {
        List<Share> shares = sharesOf(basis);
        for (Held other : others) {
            if (!interpolation(other.share().x(), basis).agrees(shares, other.share())) {
                blamed.add(other.client());
            }
        }
    }

    /** Weights depend on who reveals, not on whose secret it is; a few sets serve the whole round. */
    private Interpolation interpolation(int point, List<Held> basis) {
        int[] xs = basis.stream().mapToInt(held -> held.share().x()).toArray();
        if (known.size() > 1000) {
            known.clear(); // a search over many sets: keep memory small
        }
        List<Integer> key = new ArrayList<>(List.of(point));
        for (int x : xs) {
            key.add(x);
        }
        return known.computeIfAbsent(key, unused -> Interpolation.at(point, xs));
    }

    private static List<Share> sharesOf(List<Held> held) {
        return held.stream().map(Held::share).toList();
    }
}
