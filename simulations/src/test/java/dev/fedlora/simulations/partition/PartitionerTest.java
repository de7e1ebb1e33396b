package dev.fedlora.simulations.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fedlora.lora.data.Example;
import dev.fedlora.lora.data.OwnedExample;
import dev.fedlora.lora.data.PromptExample;
import dev.fedlora.testkit.Property;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PartitionerTest {
    @Test
    void split_anyExamples_givesEachToExactlyOneClient() {
        Property.forAll(200, random -> {
            List<Example> examples = examples(random, 50 + random.nextInt(200));
            int clients = 1 + random.nextInt(6);
            double alpha = Math.exp(random.nextDouble(Math.log(0.3), Math.log(100)));
            Partitioner partitioner =
                    random.nextBoolean() ? new NaturalPartitioner() : new DirichletPartitioner(alpha, clients);

            List<ClientExamples> parts = partitioner.split(examples, random.nextLong());

            assertThat(parts).allSatisfy(part -> assertThat(part.examples()).isNotEmpty());
            assertThat(parts).extracting(ClientExamples::client).isSorted().doesNotHaveDuplicates();
            List<OwnedExample> dealt =
                    parts.stream().flatMap(part -> part.examples().stream()).toList();
            assertThat(dealt).containsExactlyInAnyOrderElementsOf(examples);
        });
    }

    @Test
    void split_sameSeed_givesSameClients() {
        Property.forAll(20, random -> {
            List<Example> examples = examples(random, 200);
            long seed = random.nextLong();
            Partitioner partitioner = new DirichletPartitioner(0.5, 5);

            assertThat(partitioner.split(examples, seed)).isEqualTo(partitioner.split(examples, seed));
        });
    }

    @Test
    void split_otherSeed_givesOtherClients() {
        List<Example> examples = examples(new SplittableRandom(1), 200);
        Partitioner partitioner = new DirichletPartitioner(0.5, 5);

        assertThat(partitioner.split(examples, 1)).isNotEqualTo(partitioner.split(examples, 2));
    }

    @Test
    void split_natural_keepsOwnersAndOrder() {
        List<Example> examples = List.of(example("b", "x", 1), example("a", "y", 2), example("b", "y", 3));

        List<ClientExamples> parts = new NaturalPartitioner().split(examples, 7);

        assertThat(parts)
                .containsExactly(
                        new ClientExamples("a", List.of(examples.get(1))),
                        new ClientExamples("b", List.of(examples.get(0), examples.get(2))));
    }

    /**
     * The share of one client in one label has mean 1/K and variance (1/K)(1 - 1/K)/(K alpha + 1). With 4,000 draws the
     * mean's standard error is s/sqrt(4000); six of them fail once in 5e8 correct runs, and the seeds are fixed anyway.
     */
    @Test
    void split_dirichlet_sharesHaveTheDistributionsMeanAndVariance() {
        int clients = 4;
        int labels = 20;
        int each = 500;
        double alpha = 0.5;
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < labels * each; i++) {
            examples.add(example(null, "label" + i % labels, i));
        }
        List<Double> shares = new ArrayList<>();
        for (long seed = 0; seed < 200; seed++) {
            ClientExamples first = new DirichletPartitioner(alpha, clients)
                    .split(examples, seed)
                    .get(0);
            for (int label = 0; label < labels; label++) {
                String name = "label" + label;
                long own = first.examples().stream()
                        .filter(e -> ((Example) e).label().equals(name))
                        .count();
                shares.add((double) own / each);
            }
        }

        double mean = shares.stream().mapToDouble(s -> s).average().orElseThrow();
        double variance =
                shares.stream().mapToDouble(s -> (s - mean) * (s - mean)).sum() / (shares.size() - 1);
        double expected = (1.0 / clients) * (1 - 1.0 / clients) / (clients * alpha + 1);
        assertThat(mean).isCloseTo(1.0 / clients, within(6 * Math.sqrt(expected / shares.size())));
        // a share is Beta(0.5, 1.5), whose kurtosis is 3: the standard error of the variance is sqrt(2) s^2/sqrt(N)
        assertThat(variance).isCloseTo(expected, within(6 * Math.sqrt(2) * expected / Math.sqrt(shares.size())));
    }

    @Test
    void split_promptsWithoutLabels_keepTheirOwnersAndAreNotDealtOutByLabel() {
        List<PromptExample> prompts =
                List.of(new PromptExample("b", "x", "y", null, null), new PromptExample("a", "z", "y", null, null));

        assertThat(new NaturalPartitioner().split(prompts, 7))
                .containsExactly(
                        new ClientExamples("a", List.of(prompts.get(1))),
                        new ClientExamples("b", List.of(prompts.get(0))));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DirichletPartitioner(1, 2).split(prompts, 7))
                .withMessage("a Dirichlet partition deals examples out by their labels, and prompts with responses have"
                        + " none; take the natural partition");
    }

    @Test
    void split_exampleWithoutClient_isRefusedByNumber() {
        List<Example> examples = List.of(example("a", "x", 1), example(null, "x", 2));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new NaturalPartitioner().split(examples, 0))
                .withMessage("example 2 of 2 has no \"client\" field, which a natural partition needs");
    }

    @Test
    void split_moreClientsThanExamples_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new DirichletPartitioner(1, 3).split(List.of(example("a", "x", 1), example("a", "x", 2)), 0))
                .withMessage("2 examples cannot be dealt out to 3 clients");
    }

    @Test
    void split_alphaTooSmallForSoManyClients_isRefusedWithAdvice() {
        List<Example> oneLabel = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            oneLabel.add(example(null, "x", i));
        }

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DirichletPartitioner(0.01, 50).split(oneLabel, 0))
                .withMessageContaining("take a larger alpha or fewer clients");
    }

    @Test
    void construct_valuesOutOfRange_areRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DirichletPartitioner(0, 3))
                .withMessage("alpha must be at least 0.01, got 0.0");
        assertThatIllegalArgumentException().isThrownBy(() -> new DirichletPartitioner(Double.NaN, 3));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DirichletPartitioner(1, 0))
                .withMessage("clients must be at least 1, got 0");
    }

    private static List<Example> examples(SplittableRandom random, int count) {
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            examples.add(example("client" + random.nextInt(5), "label" + random.nextInt(4), i));
        }
        return examples;
    }

    private static Example example(String client, String label, int number) {
        return new Example(client, "text " + number, label, null, null);
    }
}
