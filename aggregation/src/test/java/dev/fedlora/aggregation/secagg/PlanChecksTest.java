package dev.fedlora.aggregation.secagg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.PhaseDeadlines;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.SignedPlan;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class PlanChecksTest {
    private final TestFederation federation = new TestFederation(6, Protocol.SECAGG, 4, 1);
    private final RoundPlan honest = federation.plan(2, 10);

    /** A plan whose fields can be changed one by one. */
    private static final class Draft {
        private final RoundPlan from;
        String federation;
        String task;
        Bytes taskHash;
        Bytes rosterHash;
        Protocol protocol;
        int clients;
        int neighbours;
        int threshold;
        int minimumSurvivors;
        int corrupt;
        int dimension;
        double scale;
        double clip;
        PhaseDeadlines deadlines;

        Draft(RoundPlan from) {
            this.from = from;
            federation = from.federation();
            task = from.task();
            taskHash = from.taskHash();
            rosterHash = from.rosterHash();
            protocol = from.protocol();
            clients = from.clients();
            neighbours = from.neighbours();
            threshold = from.threshold();
            minimumSurvivors = from.minimumSurvivors();
            corrupt = from.corruptClients();
            dimension = from.dimension();
            scale = from.scale();
            clip = from.clippingBound();
            deadlines = from.deadlines();
        }

        RoundPlan plan() {
            return new RoundPlan(
                    1,
                    federation,
                    task,
                    from.round(),
                    taskHash,
                    from.adapterHash(),
                    rosterHash,
                    protocol,
                    clients,
                    neighbours,
                    threshold,
                    minimumSurvivors,
                    corrupt,
                    dimension,
                    32,
                    scale,
                    clip,
                    deadlines,
                    from.nonce());
        }
    }

    private RoundPlan with(Consumer<Draft> change) {
        Draft draft = new Draft(honest);
        change.accept(draft);
        return draft.plan();
    }

    private void assertRefused(PlanChecks.Known known, RoundPlan plan, String field) {
        SignedPlan signed = SignedPlan.sign(plan, federation.coordinator);
        ProtocolException refusal =
                catchThrowableOfType(ProtocolException.class, () -> PlanChecks.check(signed, known));
        assertThat(refusal).as(field).isNotNull();
        assertThat(refusal.reason()).isEqualTo(Reason.PLAN_REFUSED);
        assertThat(refusal).hasMessageContaining(field);
    }

    private PlanChecks.Known policy(ClientPolicy policy) {
        return new PlanChecks.Known(
                Bytes.of(federation.coordinator.publicKey()), federation.roster, federation.task, 0, policy);
    }

    @Test
    void check_honestPlan_accepted() {
        assertThat(federation.checked(honest).session()).isEqualTo(honest.id());
    }

    @Test
    void check_signedByAnotherKey_refused() {
        SignedPlan forged = SignedPlan.sign(honest, IdentityKeys.generate(TestFederation.RANDOM));
        ProtocolException refusal =
                catchThrowableOfType(ProtocolException.class, () -> PlanChecks.check(forged, federation.known()));
        assertThat(refusal.reason()).isEqualTo(Reason.BAD_SIGNATURE);
    }

    @Test
    void check_signatureOfAnotherPlan_refused() {
        SignedPlan other = SignedPlan.sign(federation.plan(3, 10), federation.coordinator);
        SignedPlan moved = new SignedPlan(honest, other.signature());
        ProtocolException refusal =
                catchThrowableOfType(ProtocolException.class, () -> PlanChecks.check(moved, federation.known()));
        assertThat(refusal.reason()).isEqualTo(Reason.BAD_SIGNATURE);
    }

    @Test
    void check_planThatDiffersFromTaskOrRoster_refusedNamingField() {
        Bytes other = Bytes.sha256(new byte[] {5});
        PlanChecks.Known known = federation.known();
        assertRefused(known, with(d -> d.federation = "south"), "federation");
        assertRefused(known, with(d -> d.task = "other"), "task");
        assertRefused(known, with(d -> d.taskHash = other), "taskHash");
        assertRefused(known, with(d -> d.rosterHash = other), "rosterHash");
        assertRefused(known, with(d -> d.minimumSurvivors = 3), "minimumSurvivors");
        assertRefused(known, with(d -> d.corrupt = 0), "corruptClients");
        assertRefused(known, with(d -> d.scale /= 2), "scale");
        assertRefused(known, with(d -> d.clip /= 2), "clippingBound");
        assertRefused(
                known,
                with(d -> d.deadlines = PhaseDeadlines.of(Duration.ofSeconds(1), Duration.ofSeconds(1))),
                "deadlines");
        assertRefused(
                known,
                with(d -> {
                    d.protocol = Protocol.PLAIN;
                    d.neighbours = 0;
                    d.threshold = 0;
                }),
                "protocol");
        assertRefused(
                known,
                with(d -> {
                    d.clients = 7;
                    d.neighbours = 6;
                    d.threshold = 5;
                }),
                "clients must be at most the roster's 6, got 7");
    }

    @Test
    void check_planBelowPolicy_refusedNamingField() {
        assertRefused(policy(new ClientPolicy(7, 2, 0, Protocol.SECAGG)), honest, "clients must be at least 7");
        assertRefused(
                policy(new ClientPolicy(3, 5, 0, Protocol.SECAGG)), honest, "minimumSurvivors must be at least 5");
        assertRefused(policy(new ClientPolicy(3, 2, 3, Protocol.SECAGG)), honest, "2t > n + 3");
    }

    @Test
    void check_roundAlreadySeen_refused() {
        PlanChecks.Known known = federation.known();
        PlanChecks.Known seen =
                new PlanChecks.Known(known.coordinatorKey(), known.roster(), known.task(), 2, known.policy());
        assertRefused(seen, honest, "round");
    }

    @Test
    void check_plainRoundUnderSecureAggregationPolicy_refused() {
        TestFederation plain = new TestFederation(6, Protocol.PLAIN, 4, 0);
        PlanChecks.Known known = new PlanChecks.Known(
                Bytes.of(plain.coordinator.publicKey()), plain.roster, plain.task, 0, ClientPolicy.LEAST);
        SignedPlan signed = SignedPlan.sign(plain.plan(10), plain.coordinator);
        ProtocolException refusal =
                catchThrowableOfType(ProtocolException.class, () -> PlanChecks.check(signed, known));
        assertThat(refusal).hasMessageContaining("protocol must be SECAGG");
    }

    @Test
    void requireAdapter_otherBytes_refused() {
        CheckedPlan checked = federation.checked(honest);
        assertThat(checked.requireAdapter(new byte[] {1, 2, 3})).hasSize(3);
        ProtocolException refusal =
                catchThrowableOfType(ProtocolException.class, () -> checked.requireAdapter(new byte[] {1, 2, 4}));
        assertThat(refusal.reason()).isEqualTo(Reason.WRONG_ADAPTER);
    }

    @Test
    void plan_brokenRules_refusedNamingField() {
        assertBroken("threshold", d -> d.threshold = 3); // 2t = n, c = 1
        assertBroken("threshold", d -> d.threshold = 7);
        assertBroken("threshold", d -> d.threshold = -1);
        assertBroken("neighbours", d -> d.neighbours = 4);
        assertBroken("minimumSurvivors", d -> d.minimumSurvivors = 2); // c = 1: one honest client
        assertBroken("minimumSurvivors", d -> d.minimumSurvivors = 7);
        assertBroken("clients", d -> d.clients = 2);
        assertBroken("clients", d -> d.clients = 129);
        assertBroken("clients", d -> d.clients = Integer.MIN_VALUE);
        assertBroken("corruptClients", d -> d.corrupt = -1);
        assertBroken("dimension", d -> d.dimension = 1);
        assertBroken("dimension", d -> d.dimension = Integer.MAX_VALUE);
        assertBroken("scale", d -> d.scale = Double.NaN);
        assertBroken("wrap around", d -> d.scale *= 4);
        assertBroken("clippingBound", d -> d.clip = Double.POSITIVE_INFINITY);
        assertBroken("federation", d -> d.federation = "a/b");
        assertBroken("deadlines.keys", d -> d.deadlines = PhaseDeadlines.of(Duration.ZERO, Duration.ofSeconds(1)));
        assertBroken(
                "deadlines.masked", d -> d.deadlines = PhaseDeadlines.of(Duration.ofSeconds(1), Duration.ofDays(8)));
    }

    private void assertBroken(String field, Consumer<Draft> change) {
        assertThatIllegalArgumentException()
                .as(field)
                .isThrownBy(() -> with(change))
                .withMessageContaining(field);
    }

    @Test
    void id_anyFieldChanged_isAnotherSession() {
        assertThat(with(d -> d.dimension++).id()).isNotEqualTo(honest.id());
        assertThat(with(d -> d.taskHash = Bytes.sha256(new byte[1])).id()).isNotEqualTo(honest.id());
        assertThat(with(d -> d.threshold++).id()).isNotEqualTo(honest.id());
        assertThat(with(d -> {}).id()).isEqualTo(honest.id());
    }

    @Test
    void check_everybodyElseIsExpectedToBeCorrupt_refused() {
        PlanChecks.Known known = policy(new ClientPolicy(3, 2, 5, Protocol.SECAGG));
        assertRefused(known, with(d -> d.threshold = 6), "at least 2 honest clients beside 5");
        PlanChecks.Known hopeful = policy(new ClientPolicy(3, 2, 4, Protocol.SECAGG));
        SignedPlan signed = SignedPlan.sign(with(d -> d.threshold = 6), federation.coordinator);
        assertThat(PlanChecks.check(signed, hopeful).plan().threshold()).isEqualTo(6);
    }
}
