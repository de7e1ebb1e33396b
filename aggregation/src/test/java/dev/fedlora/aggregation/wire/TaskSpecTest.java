package dev.fedlora.aggregation.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.lora.AdapterSpec;
import dev.fedlora.lora.LoraScaling;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TaskSpecTest {
    private static TaskSpec task(Weighting weighting, PrivacySpec privacy) {
        PhaseDeadlines deadlines = PhaseDeadlines.of(Duration.ofMinutes(1), Duration.ofSeconds(5));
        return new TaskSpec(
                "triage",
                "north",
                "bert",
                "ab".repeat(32),
                new AdapterSpec(8, 16, List.of("attn_q")),
                List.of("a", "b"),
                128,
                6,
                new LocalTraining(1e-3, 1e-2, 8, 0.3, 7),
                new AggregationSpec(Protocol.SECAGG, 5, 1, 1.0, weighting, 500, deadlines),
                privacy);
    }

    private static final PrivacySpec PRIVACY = new PrivacySpec(8, 1e-5, 1.1, 1, 0.1, 20, "record");

    @Test
    void json_everyField_comesBackAndHashesTheSame() throws JsonProcessingException {
        for (TaskSpec task : List.of(task(Weighting.EXAMPLES, null), task(Weighting.UNIFORM, PRIVACY))) {
            TaskSpec read = TaskSpec.ofJson(task.toJson());
            assertThat(read).isEqualTo(task);
            assertThat(read.hash()).isEqualTo(task.hash());
            assertThat(new ObjectMapper().readValue(task.toJson(), TaskSpec.class))
                    .isEqualTo(task);
        }
        assertThat(task(Weighting.UNIFORM, null).hash())
                .isNotEqualTo(task(Weighting.UNIFORM, PRIVACY).hash());
    }

    @Test
    void hash_ofPatternsAndScaling_bindsThem() throws JsonProcessingException {
        TaskSpec plain = task(Weighting.EXAMPLES, null);
        AdapterSpec stabilized = new AdapterSpec(
                8, 16, List.of("attn_q"), LoraScaling.RANK_STABILIZED, Map.of("attn_q", 4), Map.of("attn_q", 0.3f));
        TaskSpec other = withAdapter(plain, stabilized);
        assertThat(TaskSpec.ofJson(other.toJson())).isEqualTo(other);
        assertThat(other.hash()).isNotEqualTo(plain.hash());
        assertThat(withAdapter(
                                plain,
                                new AdapterSpec(
                                        8, 16, List.of("attn_q"), LoraScaling.RANK_STABILIZED, Map.of(), Map.of()))
                        .hash())
                .isNotEqualTo(plain.hash())
                .isNotEqualTo(other.hash());
        TaskSpec leftOut = TaskSpec.ofJson(plain.toJson().replaceFirst(",\\s*\"scaling\"[^}]*\\{ *}[^}]*\\{ *}", ""));
        assertThat(leftOut.toJson()).isEqualTo(plain.toJson());
        assertThat(plain.toJson().replaceFirst(",\\s*\"scaling\"[^}]*\\{ *}[^}]*\\{ *}", ""))
                .doesNotContain("scaling", "Pattern");
        assertThat(leftOut.hash()).isEqualTo(plain.hash());
    }

    @Test
    void hash_ofTasksThatNameNoTemplate_isWhatItWas() throws JsonProcessingException {
        // computed before tasks had templates: whoever agreed to such a task agreed to this hash
        TaskSpec task = task(Weighting.EXAMPLES, null);
        assertThat(task.hash().hex()).isEqualTo("5f2a91026cae29e9c5b96275ad1d2b7fb6b4e255af269a12210ce3465d86969d");
        assertThat(task.template()).isEqualTo("auto");
        assertThat(task.toJson()).doesNotContain("template");
        assertThat(TaskSpec.ofJson(task.toJson().replaceFirst("\\{", "{\"template\": \"auto\","))
                        .hash())
                .isEqualTo(task.hash());
    }

    @Test
    void hash_ofATemplate_bindsIt() throws JsonProcessingException {
        TaskSpec own = generating("auto");
        TaskSpec plain = generating("plain");
        assertThat(plain.generates()).isTrue();
        assertThat(plain.problems()).isEmpty();
        assertThat(TaskSpec.ofJson(plain.toJson())).isEqualTo(plain);
        assertThat(List.of(own.hash(), plain.hash(), generating("lines").hash()))
                .doesNotHaveDuplicates();
    }

    @Test
    void problems_templateThatIsNoNameOrHasLabelsBesideIt_told() {
        assertThat(generating("../Plain").problems())
                .containsExactly("template must be 1 to 40 lower-case letters, digits or '-', got '../Plain'");
        TaskSpec labelled = task(Weighting.EXAMPLES, null);
        assertThat(withTemplate(labelled, labelled.labels(), "plain").problems())
                .containsExactly("template must be left out where there are labels: it is for prompts, got 'plain'");
    }

    private static TaskSpec generating(String template) {
        return withTemplate(task(Weighting.EXAMPLES, null), List.of(), template);
    }

    private static TaskSpec withTemplate(TaskSpec task, List<String> labels, String template) {
        return new TaskSpec(
                task.task(),
                task.federation(),
                task.architecture(),
                task.baseSha256(),
                task.adapter(),
                labels,
                task.maxTokens(),
                task.rounds(),
                task.training(),
                task.aggregation(),
                task.privacy(),
                template);
    }

    private static TaskSpec withAdapter(TaskSpec task, AdapterSpec adapter) {
        return new TaskSpec(
                task.task(),
                task.federation(),
                task.architecture(),
                task.baseSha256(),
                adapter,
                task.labels(),
                task.maxTokens(),
                task.rounds(),
                task.training(),
                task.aggregation(),
                task.privacy());
    }

    @Test
    void ofJson_unknownOrDuplicateField_refused() {
        String json = task(Weighting.EXAMPLES, null).toJson();
        assertThatThrownBy(() -> TaskSpec.ofJson(json.replace("maxTokens", "maxToken")))
                .isInstanceOf(JsonProcessingException.class)
                .hasMessageContaining("maxToken");
        assertThatThrownBy(() -> TaskSpec.ofJson(json.replaceFirst("\\{", "{\"rounds\":1,")))
                .isInstanceOf(JsonProcessingException.class);
        assertThatThrownBy(() -> TaskSpec.ofJson(json.replace("PT1M", "soon")))
                .isInstanceOf(JsonProcessingException.class)
                .hasMessageContaining("PT30S");
        assertThatThrownBy(() -> TaskSpec.ofJson("[".repeat(1000))).isInstanceOf(JsonProcessingException.class);
    }

    @Test
    void problems_manyMistakes_allToldAtOnce() throws JsonProcessingException {
        TaskSpec wrong = TaskSpec.ofJson("""
                {"task":"../etc","federation":"north","architecture":"bert","baseSha256":"abc","labels":["a","a"],
                 "maxTokens":0,"rounds":-1,"aggregation":{"protocol":"SECAGG","minimumSurvivors":2,"corruptClients":1,
                 "clippingBound":0,"weighting":"EXAMPLES","weightCap":10},
                 "privacy":{"epsilon":-8,"delta":1,"noiseMultiplier":1,"gradientClip":1,"samplingRate":2,
                 "stepsPerRound":1,"unit":"user"}}""");
        assertThat(wrong.problems())
                .extracting(problem -> problem.split(" ")[0])
                .contains(
                        "task",
                        "baseSha256",
                        "adapter",
                        "labels",
                        "maxTokens",
                        "rounds",
                        "training",
                        "aggregation.minimumSurvivors",
                        "aggregation.clippingBound",
                        "aggregation.deadlines",
                        "privacy.epsilon",
                        "privacy.delta",
                        "privacy.samplingRate",
                        "privacy.unit",
                        "aggregation.weighting");
        assertThatIllegalArgumentException()
                .isThrownBy(wrong::validate)
                .withMessageContaining("../etc")
                .withMessageContaining("maxTokens must be at least 1, got 0");
        assertThatIllegalArgumentException().isThrownBy(wrong::hash);
    }

    @Test
    void problems_moreNoiseThanCanBeDrawn_told() {
        PrivacySpec noisy = new PrivacySpec(8, 1e-5, 1000.5, 1, 0.1, 10, "record");
        assertThat(task(Weighting.UNIFORM, noisy).problems())
                .containsExactly("privacy.noiseMultiplier must be at most 1000.0, got 1000.5");
    }

    @Test
    void validate_privacyWithExampleCounts_refused() {
        assertThat(task(Weighting.EXAMPLES, PRIVACY).problems())
                .singleElement()
                .asString()
                .contains("UNIFORM when privacy is set");
    }

    @Test
    void roster_jsonAndHash_independentOfOrderDependentOnKeys() throws JsonProcessingException {
        SecureRandom random = new SecureRandom();
        RosterEntry one =
                new RosterEntry(1, "a", Bytes.of(IdentityKeys.generate(random).publicKey()));
        RosterEntry two =
                new RosterEntry(2, "b", Bytes.of(IdentityKeys.generate(random).publicKey()));
        Roster roster = new Roster(List.of(two, one));
        assertThat(roster).isEqualTo(new Roster(List.of(one, two)));
        assertThat(Roster.ofJson(roster.toJson())).isEqualTo(roster);
        assertThat(roster.hash()).isEqualTo(Roster.ofJson(roster.toJson()).hash());
        RosterEntry other =
                new RosterEntry(2, "b", Bytes.of(IdentityKeys.generate(random).publicKey()));
        assertThat(new Roster(List.of(one, other)).hash()).isNotEqualTo(roster.hash());
        assertThatIllegalArgumentException().isThrownBy(() -> new Roster(List.of(one, one)));
        RosterEntry sameKey = new RosterEntry(3, "c", one.identityKey());
        assertThatIllegalArgumentException().isThrownBy(() -> new Roster(List.of(one, sameKey)));
    }

    @Test
    void rosterEntry_keyOfLowOrderOrBadName_refused() {
        Bytes identity = Bytes.ofHex("01" + "00".repeat(31)); // the neutral element
        assertThatIllegalArgumentException().isThrownBy(() -> new RosterEntry(1, "a", identity));
        Bytes good = Bytes.of(IdentityKeys.generate(new SecureRandom()).publicKey());
        for (String name : List.of("", " ", "a/b", "x".repeat(101), "a\nb")) {
            assertThatIllegalArgumentException().isThrownBy(() -> new RosterEntry(1, name, good));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new RosterEntry(0, "a", good));
    }
}
