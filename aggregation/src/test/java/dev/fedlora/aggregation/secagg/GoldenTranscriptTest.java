package dev.fedlora.aggregation.secagg;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.aggregation.crypto.AgreementKeys;
import dev.fedlora.aggregation.crypto.MaskStream;
import dev.fedlora.aggregation.crypto.Secret;
import dev.fedlora.aggregation.secagg.KeyDerivation.Party;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.testkit.Shared;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three clients and the loss of one, computed by another implementation: keys, masks, vectors and sums to the byte. */
class GoldenTranscriptTest {
    private JsonNode golden;
    private KeyDerivation derivation;

    @BeforeEach
    void read() throws IOException {
        JsonNode all = new ObjectMapper()
                .readTree(Shared.path("golden/privacy-vectors.json").toFile())
                .get("crypto");
        golden = StreamSupport.stream(all.spliterator(), false)
                .filter(vector -> vector.get("primitive").asText().equals("SecAgg end-to-end"))
                .findFirst()
                .orElseThrow();
        derivation = new KeyDerivation(SessionId.ofHex(golden.get("session_id").asText()), 8);
    }

    private Secret secret(String field, int client) {
        return Secret.copyOf(
                Bytes.ofHex(golden.get(field).get("" + client).asText()).toArray());
    }

    private AgreementKeys keys(int client) {
        return AgreementKeys.ofPrivateKey(secret("mask_private", client));
    }

    private Party party(int client) {
        return new Party(
                client, Bytes.ofHex(golden.get("mask_public").get("" + client).asText()));
    }

    private Secret pairMask(int one, int other) {
        return derivation.pairMask(keys(one).agree(party(other).key().toArray()), party(one), party(other));
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(value -> (int) value.asLong())
                .toArray();
    }

    private int[] masked(int client) {
        int[] vector = ints(golden.get("inputs").get("" + client));
        try (MaskBatch masks = new MaskBatch()) {
            masks.add(derivation.selfMask(secret("self_seed", client), client));
            for (int peer = 1; peer <= 3; peer++) {
                if (peer > client) {
                    masks.add(pairMask(client, peer));
                } else if (peer < client) {
                    masks.subtract(pairMask(client, peer));
                }
            }
            masks.applyTo(vector, 1);
        }
        return vector;
    }

    @Test
    void publicKeys_goldenPrivateKeys_equalGolden() {
        for (int client = 1; client <= 3; client++) {
            assertThat(Bytes.of(keys(client).publicKey()))
                    .isEqualTo(party(client).key());
        }
    }

    @Test
    void pairMasks_bothEnds_equalGolden() {
        for (String pair : List.of("1-2", "1-3", "2-3")) {
            int low = pair.charAt(0) - '0';
            int high = pair.charAt(2) - '0';
            Secret expected = Secret.copyOf(
                    Bytes.ofHex(golden.get("pair_key").get(pair).asText()).toArray());
            assertThat(pairMask(low, high)).isEqualTo(expected);
            assertThat(pairMask(high, low)).isEqualTo(expected);
            int[] mask = new int[8];
            new MaskStream().add(expected, mask, 0, 8);
            assertThat(mask).isEqualTo(ints(golden.get("first_masks").get(pair)));
        }
    }

    @Test
    void maskedVectors_goldenInputs_equalGolden() {
        for (int client = 1; client <= 3; client++) {
            assertThat(masked(client)).isEqualTo(ints(golden.get("masked").get("" + client)));
        }
    }

    @Test
    void sum_everyoneSurvives_equalsGolden() {
        int[] sum = add(masked(1), masked(2), masked(3));
        removeSelfMasks(sum, 1, 2, 3);
        assertThat(sum).isEqualTo(ints(golden.get("sum")));
    }

    @Test
    void sum_clientThreeLost_equalsGolden() {
        int[] sum = add(masked(1), masked(2));
        removeSelfMasks(sum, 1, 2);
        try (MaskBatch masks = new MaskBatch()) {
            masks.subtract(pairMask(3, 1));
            masks.subtract(pairMask(3, 2));
            masks.applyTo(sum, 1);
        }
        assertThat(sum).isEqualTo(ints(golden.get("sum_without_3")));
    }

    private void removeSelfMasks(int[] sum, int... clients) {
        try (MaskBatch masks = new MaskBatch()) {
            for (int client : clients) {
                masks.subtract(derivation.selfMask(secret("self_seed", client), client));
            }
            masks.applyTo(sum, 1);
        }
    }

    private static int[] add(int[]... vectors) {
        List<int[]> rest = new ArrayList<>(List.of(vectors));
        int[] sum = rest.remove(0);
        for (int[] vector : rest) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += vector[i];
            }
        }
        return sum;
    }
}
