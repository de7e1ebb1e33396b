package dev.fedlora.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static final Job JOB = new Job(ModelShape.SMOLLM2_135M, BaseType.BF16, 2, 256, 3, 10, 2);

    @Test
    void json_threeTurns_mediansOfSpeedsAndOfRatiosByTurn() {
        Comparison comparison = new Comparison(JOB, List.of(BaseType.BF16));
        for (double[] speeds : new double[][] {{200, 100}, {300, 200}, {100, 25}}) {
            comparison.addFedlora(answer(speeds[0]));
            comparison.addPeer(BaseType.BF16, answer(speeds[1]).put("type", "bf16"));
        }

        JsonNode json = comparison.json();

        assertThat(json.at("/fedlora/tokensPerSecond").asDouble()).isEqualTo(200);
        assertThat(json.at("/pytorch/bf16/tokensPerSecond").asDouble()).isEqualTo(100);
        assertThat(json.at("/pytorch/bf16/ratio").asDouble()).isEqualTo(2);
        assertThat(json.at("/pytorch/bf16/ratios"))
                .extracting(JsonNode::asDouble)
                .containsExactly(2.0, 1.5, 4.0);
    }

    @Test
    void addFedlora_answerWithoutSpeed_namesWhatIsMissing() {
        Comparison comparison = new Comparison(JOB, List.of(BaseType.F32));

        assertThatThrownBy(() -> comparison.addFedlora(JsonNodeFactory.instance.objectNode()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("fedlora")
                .hasMessageContaining("tokensPerSecond");
    }

    @Test
    void addPeer_answerForAnotherType_refused() {
        Comparison comparison = new Comparison(JOB, List.of(BaseType.F32));

        assertThatThrownBy(() -> comparison.addPeer(BaseType.F32, answer(1).put("type", "bf16")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("type must be f32")
                .hasMessageContaining("bf16");
    }

    @Test
    void median_evenCount_meanOfTheMiddleTwo() {
        assertThat(Comparison.median(List.of(4.0, 1.0, 2.0, 100.0))).isEqualTo(3);
    }

    private static ObjectNode answer(double tokensPerSecond) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("tokensPerSecond", tokensPerSecond)
                .put("peakResidentBytes", 1_000_000)
                .put("backend", "any");
    }
}
