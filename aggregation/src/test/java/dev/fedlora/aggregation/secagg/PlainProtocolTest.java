package dev.fedlora.aggregation.secagg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.RoundPlan;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlainProtocolTest {
    private final TestFederation federation = new TestFederation(4, Protocol.PLAIN, 2, 0);

    private static void send(ServerSession server, ClientSession client, long id, int[] vector) {
        try (MaskedIntake intake = server.masked(id)) {
            intake.add(ByteBuffer.wrap(TestRound.bytes(client.plain(vector))));
            intake.commit();
        }
    }

    @Test
    void plain_someClients_givesTheirSum() {
        RoundPlan plan = federation.plan(3);
        ServerSession server = new ServerSession(plan, federation.roster);
        assertThat(server.phase()).isEqualTo(Phase.MASKED);
        send(server, federation.client(plan, 10), 10, new int[] {1, -2, 3});
        send(server, federation.client(plan, 30), 30, new int[] {10, 20, Integer.MAX_VALUE});
        assertThat(server.isPhaseComplete()).isFalse();
        server.closePhase();
        assertThat(server.isPhaseComplete()).isTrue();
        Outcome outcome = server.outcome().orElseThrow();
        assertThat(outcome.sum()).containsExactly(11, 18, Integer.MIN_VALUE + 2);
        assertThat(outcome.survivors()).isEqualTo(List.of(10L, 30L));
        assertThat(server.answer(Phase.MASKED, 10)).isEmpty(); // the coordinator answers
        assertThat(server.closePhase(Phase.MASKED)).isFalse();
        assertThatIllegalStateException().isThrownBy(server::closePhase);
    }

    @Test
    void masked_lostUploadArrivesAfterItsRepetition_countsOnce() {
        RoundPlan plan = federation.plan(3);
        ServerSession server = new ServerSession(plan, federation.roster);
        byte[] body = TestRound.bytes(federation.client(plan, 10).plain(new int[] {1, 2, 3}));
        try (MaskedIntake repetition = server.masked(10);
                MaskedIntake lost = server.masked(10)) {
            lost.add(ByteBuffer.wrap(body, 0, body.length - 3));
            repetition.add(ByteBuffer.wrap(body));
            repetition.commit();
            lost.add(ByteBuffer.wrap(body, body.length - 3, 3));
            lost.commit();
        }
        send(server, federation.client(plan, 20), 20, new int[] {10, 20, 30});
        server.closePhase();
        assertThat(server.outcome().orElseThrow().sum()).containsExactly(11, 22, 33);
    }

    @Test
    void plain_tooFew_aborts() {
        RoundPlan plan = federation.plan(3);
        ServerSession server = new ServerSession(plan, federation.roster);
        send(server, federation.client(plan, 10), 10, new int[3]);
        server.closePhase();
        assertThat(server.abortion().orElseThrow().reason()).isEqualTo(RoundAborted.Reason.TOO_FEW_CLIENTS);
    }

    @Test
    void advertise_inTheClear_refused() {
        ClientSession client = federation.client(federation.plan(3), 10);
        assertThat(catchThrowableOfType(ProtocolException.class, client::advertise)
                        .reason())
                .isEqualTo(ProtocolException.Reason.WRONG_PHASE);
        assertThat(client.isClosed()).isTrue();
    }

    @Test
    void graph_outOfRange_refused() {
        assertThat(GraphParameters.forClients(4, 1)).isEqualTo(new GraphParameters(4, 3, 3));
        assertThat(GraphParameters.forClients(5, 1).threshold()).isEqualTo(4);
        assertThat(GraphParameters.forClients(7, 2).threshold()).isEqualTo(5);
        assertThat(GraphParameters.forClients(10, 3).threshold()).isEqualTo(7);
        assertThat(GraphParameters.forClients(20, 6).threshold()).isEqualTo(14);
        assertThat(GraphParameters.forClients(50, 16).threshold()).isEqualTo(34);
        for (int clients : new int[] {2, 129}) {
            assertThatIllegalArgumentException().isThrownBy(() -> GraphParameters.forClients(clients, 0));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> GraphParameters.forClients(5, 4));
        assertThatIllegalArgumentException().isThrownBy(() -> GraphParameters.forClients(5, -1));
    }
}
