package dev.fedlora.simulations.partition;

import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.OwnedExample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.commons.math3.distribution.GammaDistribution;
import org.apache.commons.math3.random.RandomGenerator;
import org.apache.commons.math3.random.Well19937c;

/**
 * Label-skewed clients: for each label a vector of shares is drawn from the symmetric Dirichlet distribution and the
 * label's examples, in random order, are cut at the cumulated shares.
 *
 * <pre>p_label ~ Dirichlet(alpha, ..., alpha),  client k gets the examples [n sum_{j&lt;k} p_j, n sum_{j&lt;=k} p_j)</pre>
 *
 * As in the sources named in the package, the whole draw is repeated while a client would be left with nothing.
 *
 * @param alpha concentration: towards 0 each label belongs to one client, above 100 all clients look alike
 * @param clients number of clients
 */
public record DirichletPartitioner(double alpha, int clients) implements Partitioner {
    /** Below it a gamma variate of shape alpha underflows to 0 too often to be divided by. */
    public static final double LEAST_ALPHA = 0.01;

    // a draw that leaves nobody empty is found in a few attempts or the request is hopeless
    private static final int ATTEMPTS = 1000;

    /** @throws IllegalArgumentException when a value is out of its range */
    public DirichletPartitioner {
        if (!(alpha >= LEAST_ALPHA) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be at least " + LEAST_ALPHA + ", got " + alpha);
        }
        if (clients < 1) {
            throw new IllegalArgumentException("clients must be at least 1, got " + clients);
        }
    }

    /** @throws IllegalArgumentException when examples have no labels, or no draw gives every client an example */
    @Override
    public List<ClientExamples> split(List<? extends OwnedExample> examples, long seed) {
        if (examples.size() < clients) {
            throw new IllegalArgumentException(
                    "%d examples cannot be dealt out to %d clients".formatted(examples.size(), clients));
        }
        SortedMap<String, List<Integer>> byLabel = new TreeMap<>();
        for (int i = 0; i < examples.size(); i++) {
            byLabel.computeIfAbsent(label(examples.get(i)), label -> new ArrayList<>())
                    .add(i);
        }
        RandomGenerator random = new Well19937c(seed);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int[] owner = new int[examples.size()];
            byLabel.values().forEach(members -> deal(members, owner, random));
            if (Arrays.stream(owner).distinct().count() == clients) {
                return collect(examples, owner);
            }
        }
        throw new IllegalArgumentException(
                "alpha %s left one of %d clients without an example in %d draws; take a larger alpha or fewer clients"
                        .formatted(alpha, clients, ATTEMPTS));
    }

    private static String label(OwnedExample example) {
        if (example instanceof Example labelled) {
            return labelled.label();
        }
        throw new IllegalArgumentException("a Dirichlet partition deals examples out by their labels, and prompts with"
                + " responses have none; take the natural partition");
    }

    private void deal(List<Integer> members, int[] owner, RandomGenerator random) {
        List<Integer> shuffled = shuffled(members, random);
        double[] shares = shares(random);
        double cumulated = 0;
        int from = 0;
        for (int client = 0; client < clients; client++) {
            cumulated += shares[client];
            // the last cut is the end itself, whatever the shares' sum was rounded to
            int to = client == clients - 1 ? members.size() : (int) Math.floor(cumulated * members.size() + 0.5);
            for (int i = from; i < Math.min(to, members.size()); i++) {
                owner[shuffled.get(i)] = client;
            }
            from = Math.max(from, to);
        }
    }

    private double[] shares(RandomGenerator random) {
        GammaDistribution gamma = new GammaDistribution(random, alpha, 1);
        double[] shares = new double[clients];
        double sum = 0;
        while (!(sum > 0)) { // every variate underflowed: draw again
            sum = 0;
            for (int client = 0; client < clients; client++) {
                shares[client] = gamma.sample();
                sum += shares[client];
            }
        }
        for (int client = 0; client < clients; client++) {
            shares[client] /= sum;
        }
        return shares;
    }

    private static List<Integer> shuffled(List<Integer> members, RandomGenerator random) {
        List<Integer> order = new ArrayList<>(members);
        for (int i = order.size() - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            order.set(i, order.set(j, order.get(i)));
        }
        return order;
    }

    private List<ClientExamples> collect(List<? extends OwnedExample> examples, int[] owner) {
        int digits = Integer.toString(clients - 1).length(); // so that names sort as numbers do
        List<ClientExamples> parts = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            List<OwnedExample> own = new ArrayList<>();
            for (int i = 0; i < owner.length; i++) {
                if (owner[i] == client) {
                    own.add(examples.get(i));
                }
            }
            parts.add(new ClientExamples(("client-%0" + digits + "d").formatted(client), own));
        }
        return parts;
    }
}
