package dev.fedlora.lora.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fedlora.testkit.Property;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SymbolChainTest {
    /** Merges by the rule's words: looks for the best pair anew each time. */
    private static List<Integer> naive(List<Integer> symbols, Map<List<Integer>, long[]> rules) {
        List<Integer> left = new ArrayList<>(symbols);
        while (true) {
            int best = -1;
            for (int i = 0; i + 1 < left.size(); i++) {
                long[] rule = rules.get(left.subList(i, i + 2));
                if (rule != null && (best < 0 || rule[0] < rules.get(left.subList(best, best + 2))[0])) {
                    best = i;
                }
            }
            if (best < 0) {
                return left;
            }
            int merged = (int) rules.get(left.subList(best, best + 2))[1];
            left.remove(best + 1);
            left.set(best, merged);
        }
    }

    @Test
    void merge_anyRules_mergesTheBestThenTheLeftmost() {
        Property.forAll(500, random -> {
            Map<List<Integer>, long[]> rules = new HashMap<>();
            for (int rank = 0; rank < 12; rank++) { // some share a rank, as scores may be equal
                rules.putIfAbsent(
                        List.of(random.nextInt(6), random.nextInt(6)),
                        new long[] {random.nextInt(8), random.nextInt(6)});
            }
            List<Integer> symbols = new ArrayList<>();
            SymbolChain chain = new SymbolChain(30);
            for (int i = random.nextInt(30); i > 0; i--) {
                symbols.add(random.nextInt(6));
                chain.add(symbols.size() - 1, symbols.size(), symbols.get(symbols.size() - 1));
            }
            chain.merge(pair -> {
                long[] rule = rules.get(List.of(pair.leftValue(), pair.rightValue()));
                return rule == null ? SymbolChain.Pairs.NO_PAIR : SymbolChain.Pairs.of((int) rule[0], (int) rule[1]);
            });
            List<Integer> merged = new ArrayList<>();
            int end = 0;
            for (int symbol = chain.first(); symbol >= 0; symbol = chain.next(symbol)) {
                assertThat(chain.start(symbol)).isEqualTo(end);
                end = chain.end(symbol);
                merged.add(chain.value(symbol));
            }
            assertThat(end).isEqualTo(symbols.size());
            assertThat(merged).isEqualTo(naive(symbols, rules));
        });
    }

    @Test
    void merge_longRows_asksForThreePairsASymbolAtMost() {
        int length = 1 << 17;
        SymbolChain chain = new SymbolChain(length);
        for (int i = 0; i < length; i++) {
            chain.add(i, i + 1, 0);
        }
        long[] asked = new long[1];
        chain.merge(pair -> {
            asked[0]++;
            return pair.leftValue() == pair.rightValue()
                    ? SymbolChain.Pairs.of(pair.leftValue(), pair.leftValue() + 1)
                    : SymbolChain.Pairs.NO_PAIR;
        });
        assertThat(asked[0]).isLessThan(3L * length); // each once at first, two for each merge
        assertThat(chain.next(chain.first())).isEqualTo(-1);
        assertThat(chain.value(chain.first())).isEqualTo(17);
    }
}
