package dev.fedlora.aggregation.secagg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fedlora.aggregation.crypto.AgreementKeys;
import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.KeyAdvertisement;
import dev.fedlora.aggregation.wire.MaskedVector;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.RoundAborted;
import dev.fedlora.aggregation.wire.SealedShares;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.SurvivorSignature;
import dev.fedlora.aggregation.wire.Unmasking;
import dev.fedlora.aggregation.wire.Unmasking.RevealedShare;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Everything client 20 of five may try on the server; each attempt is refused and the others finish with an exact sum. */
class MaliciousClientTest {
    private static final long LIAR = 20;
    private static final SessionId OTHER_SESSION = new SessionId(Bytes.sha256(new byte[] {9}));

    private final TestFederation federation = TestFederation.of(5); // t = 3
    private final List<DynamicTest> tests = new ArrayList<>();

    @TestFactory
    Stream<DynamicTest> attempt_anyKind_refusedAndStateUnchanged() {
        addKeyAttempts();
        addShareAttempts();
        addVectorAttempts();
        addSignatureAttempts();
        addUnmaskingAttempts();
        assertThat(tests).hasSizeGreaterThan(35);
        return tests.stream();
    }

    /** An attempt in {@code phase}, in which all others with a lower id were already heard. */
    private void attempt(Phase phase, Reason reason, String name, Consumer<TestRound> action) {
        tests.add(DynamicTest.dynamicTest(name, () -> {
            TestRound round = new TestRound(federation, federation.plan(6)).upTo(phase);
            round.send(phase, 10);
            List<List<Long>> before = heard(round);
            ProtocolException refusal = catchThrowableOfType(ProtocolException.class, () -> action.accept(round));
            assertThat(refusal).isNotNull();
            assertThat(refusal.reason()).as(refusal.getMessage()).isEqualTo(reason);
            assertThat(heard(round)).isEqualTo(before);
            assertThat(round.server.phase()).isEqualTo(phase);
            finishWithoutLiar(round, phase);
        }));
    }

    private static List<List<Long>> heard(TestRound round) {
        return Arrays.stream(Phase.values()).map(round.server::heardIn).toList();
    }

    private static void finishWithoutLiar(TestRound round, Phase phase) {
        for (int next = phase.ordinal(); next < 5; next++) {
            for (long id : round.clients.keySet()) {
                boolean wasHeard = next == phase.ordinal() && id == 10;
                if (id != LIAR && !wasHeard) {
                    round.send(Phase.values()[next], id);
                }
            }
            round.server.closePhase();
        }
        Outcome outcome = round.server.outcome().orElseThrow();
        List<Long> survivors = new ArrayList<>(List.of(10L, 20L, 30L, 40L, 50L));
        if (phase.compareTo(Phase.MASKED) <= 0) {
            survivors.remove(LIAR);
        }
        assertThat(outcome.survivors()).isEqualTo(survivors);
        assertThat(outcome.sum()).isEqualTo(round.plainSum(survivors));
    }

    // ---- keys

    private void keys(Reason reason, String name, java.util.function.UnaryOperator<KeyAdvertisement> change) {
        attempt(Phase.KEYS, reason, name, round -> {
            KeyAdvertisement honest = (KeyAdvertisement) round.message(Phase.KEYS, LIAR);
            round.server.receive(change.apply(honest));
        });
    }

    private KeyAdvertisement signed(SessionId session, Bytes maskKey, Bytes shareKey) {
        KeyAdvertisement.Keys keys = new KeyAdvertisement.Keys(maskKey, shareKey, Bytes.of(new byte[32]));
        return KeyAdvertisement.sign(session, LIAR, keys, federation.identities.get(LIAR));
    }

    private static Bytes freshKey() {
        return Bytes.of(AgreementKeys.generate(TestFederation.RANDOM).publicKey());
    }

    private void addKeyAttempts() {
        Bytes low = Bytes.of(new byte[32]);
        IdentityKeys stranger = IdentityKeys.generate(TestFederation.RANDOM);
        keys(Reason.WRONG_SESSION, "keys for another session", a -> signed(OTHER_SESSION, a.maskKey(), a.shareKey()));
        keys(
                Reason.BAD_SIGNATURE,
                "keys under another id",
                a -> new KeyAdvertisement(a.session(), 30, a.maskKey(), a.shareKey(), a.nonce(), a.signature()));
        keys(
                Reason.DUPLICATE,
                "keys in place of another's",
                a -> new KeyAdvertisement(a.session(), 10, a.maskKey(), a.shareKey(), a.nonce(), a.signature()));
        keys(
                Reason.BAD_SIGNATURE,
                "keys with another nonce",
                a -> new KeyAdvertisement(
                        a.session(), LIAR, a.maskKey(), a.shareKey(), Bytes.of(new byte[32]), a.signature()));
        keys(
                Reason.BAD_SIGNATURE,
                "mask and share key exchanged",
                a -> new KeyAdvertisement(a.session(), LIAR, a.shareKey(), a.maskKey(), a.nonce(), a.signature()));
        keys(
                Reason.BAD_SIGNATURE,
                "signature of zeros",
                a -> new KeyAdvertisement(
                        a.session(), LIAR, a.maskKey(), a.shareKey(), a.nonce(), Bytes.of(new byte[64])));
        keys(
                Reason.UNKNOWN_CLIENT,
                "keys of a stranger",
                a -> KeyAdvertisement.sign(
                        a.session(), 11, new KeyAdvertisement.Keys(a.maskKey(), a.shareKey(), a.nonce()), stranger));
        keys(Reason.BAD_KEY, "mask key of low order", a -> signed(a.session(), low, freshKey()));
        keys(Reason.BAD_KEY, "share key of low order", a -> signed(a.session(), freshKey(), low));
        keys(Reason.BAD_KEY, "one key for both uses", a -> signed(a.session(), a.maskKey(), a.maskKey()));
        attempt(Phase.KEYS, Reason.BAD_KEY, "mask key of another client", round -> {
            ClientSession other = new TestRound(federation, round.plan).clients.get(30L);
            KeyAdvertisement theirs = other.advertise();
            TestRound second = new TestRound(federation, round.plan);
            second.server.receive(theirs);
            second.server.receive(signed(round.server.id(), theirs.maskKey(), freshKey()));
        });
        attempt(
                Phase.KEYS,
                Reason.WRONG_PHASE,
                "signature in the first phase",
                round -> round.server.receive(new SurvivorSignature(round.server.id(), LIAR, Bytes.of(new byte[64]))));
        attempt(Phase.KEYS, Reason.WRONG_PHASE, "vector in the first phase", round -> round.server.masked(LIAR));
    }

    // ---- shares

    private void shares(Reason reason, String name, java.util.function.UnaryOperator<SealedShares> change) {
        attempt(Phase.SHARES, reason, name, round -> {
            SealedShares honest = (SealedShares) round.message(Phase.SHARES, LIAR);
            round.server.receive(change.apply(honest));
        });
    }

    private static SealedShares with(SealedShares from, Consumer<List<SealedShares.Box>> change) {
        List<SealedShares.Box> boxes = new ArrayList<>(from.boxes());
        change.accept(boxes);
        return new SealedShares(from.session(), from.client(), from.seedCommitment(), boxes);
    }

    private void addShareAttempts() {
        shares(Reason.BAD_LIST, "no box for one client", s -> with(s, b -> b.remove(2)));
        shares(Reason.BAD_LIST, "no boxes", s -> with(s, List::clear));
        shares(
                Reason.BAD_LIST,
                "box for itself",
                s -> with(s, b -> b.add(1, new SealedShares.Box(LIAR, b.get(0).sealed()))));
        shares(
                Reason.BAD_LIST,
                "box for a stranger",
                s -> with(s, b -> b.add(new SealedShares.Box(60, b.get(0).sealed()))));
        shares(
                Reason.DUPLICATE,
                "shares in place of another's",
                s -> new SealedShares(s.session(), 10, s.seedCommitment(), s.boxes()));
        shares(
                Reason.UNKNOWN_CLIENT,
                "shares of a stranger",
                s -> new SealedShares(s.session(), 60, s.seedCommitment(), s.boxes()));
        shares(
                Reason.WRONG_SESSION,
                "shares for another session",
                s -> new SealedShares(OTHER_SESSION, LIAR, s.seedCommitment(), s.boxes()));
        attempt(
                Phase.SHARES,
                Reason.WRONG_PHASE,
                "new keys after the keys were fixed",
                round -> round.server.receive(signed(round.server.id(), freshKey(), freshKey())));
    }

    // ---- vectors

    private void vector(Reason reason, String name, java.util.function.UnaryOperator<byte[]> change) {
        attempt(Phase.MASKED, reason, name, round -> {
            byte[] honest = TestRound.bytes(round.masked(LIAR));
            round.upload(LIAR, change.apply(honest), 7);
        });
    }

    private static byte[] flip(byte[] body, int at) {
        byte[] flipped = body.clone();
        flipped[at] ^= 1;
        return flipped;
    }

    private void addVectorAttempts() {
        vector(Reason.MALFORMED, "vector with another magic", b -> flip(b, 0));
        vector(Reason.MALFORMED, "vector of another version", b -> flip(b, 3));
        vector(Reason.WRONG_SESSION, "vector for another session", b -> flip(b, 20));
        vector(Reason.UNKNOWN_CLIENT, "vector under another id", b -> flip(b, 43));
        vector(Reason.MALFORMED, "vector of a negative id", b -> {
            byte[] negative = b.clone();
            negative[36] = -1;
            return negative;
        });
        vector(Reason.WRONG_LENGTH, "vector that says it is longer", b -> flip(b, 47));
        vector(Reason.MALFORMED, "vector that says it has 2^31 coordinates", b -> {
            byte[] huge = b.clone();
            huge[44] = (byte) 0x80;
            return huge;
        });
        vector(Reason.WRONG_LENGTH, "vector that ends early", b -> Arrays.copyOf(b, b.length - 1));
        vector(Reason.WRONG_LENGTH, "vector that is its header only", b -> Arrays.copyOf(b, 48));
        vector(Reason.WRONG_LENGTH, "vector of no bytes", b -> new byte[0]);
        vector(Reason.WRONG_LENGTH, "vector with a byte too many", b -> Arrays.copyOf(b, b.length + 1));
        vector(Reason.WRONG_LENGTH, "vector with a coordinate too many", b -> Arrays.copyOf(b, b.length + 4));
        attempt(Phase.MASKED, Reason.UNKNOWN_CLIENT, "vector of a stranger", round -> round.server.masked(60));
        attempt(Phase.MASKED, Reason.DUPLICATE, "second, different vector of a client", round -> {
            int[] other = new int[6];
            MaskedVector vector = MaskedVector.of(round.server.id(), 10, other);
            round.upload(10, TestRound.bytes(vector), 100);
        });
        attempt(Phase.MASKED, Reason.WRONG_PHASE, "older upload after two newer ones began", round -> {
            byte[] body = TestRound.bytes(round.masked(LIAR));
            MaskedIntake older = round.server.masked(LIAR);
            older.add(ByteBuffer.wrap(body));
            round.server.masked(LIAR);
            round.server.masked(LIAR);
            older.commit();
        });
        attempt(Phase.MASKED, Reason.WRONG_PHASE, "commit after rollback", round -> {
            MaskedIntake intake = round.server.masked(LIAR);
            intake.add(ByteBuffer.wrap(TestRound.bytes(round.masked(LIAR))));
            intake.rollback();
            intake.commit();
        });
    }

    // ---- signatures over the survivors

    private void addSignatureAttempts() {
        List<Long> fewer = List.of(10L, 20L, 30L);
        attempt(
                Phase.SURVIVORS,
                Reason.BAD_SIGNATURE,
                "signature over other survivors",
                round -> round.server.receive(SurvivorSignature.sign(
                        new SurvivorList(round.server.id(), fewer), LIAR, federation.identities.get(LIAR))));
        attempt(
                Phase.SURVIVORS,
                Reason.BAD_SIGNATURE,
                "signature by another key",
                round -> round.server.receive(SurvivorSignature.sign(
                        (SurvivorList) round.answer(Phase.MASKED, LIAR), LIAR, federation.identities.get(30L))));
        attempt(Phase.SURVIVORS, Reason.BAD_SIGNATURE, "signature for another session", round -> {
            SurvivorSignature old = SurvivorSignature.sign(
                    new SurvivorList(OTHER_SESSION, List.of(10L, 20L, 30L, 40L, 50L)),
                    LIAR,
                    federation.identities.get(LIAR));
            round.server.receive(new SurvivorSignature(round.server.id(), LIAR, old.signature()));
        });
        attempt(
                Phase.SURVIVORS,
                Reason.UNKNOWN_CLIENT,
                "signature of a stranger",
                round -> round.server.receive(new SurvivorSignature(round.server.id(), 60, Bytes.of(new byte[64]))));
        attempt(
                Phase.SURVIVORS,
                Reason.DUPLICATE,
                "signature in place of another's",
                round -> round.server.receive(new SurvivorSignature(round.server.id(), 10, Bytes.of(new byte[64]))));
        attempt(
                Phase.SURVIVORS,
                Reason.WRONG_PHASE,
                "unmasking before the signatures",
                round -> round.server.receive(new Unmasking(round.server.id(), LIAR, List.of(), List.of())));
    }

    // ---- unmasking

    private void unmasking(Reason reason, String name, Consumer<List<RevealedShare>> change) {
        attempt(Phase.UNMASK, reason, name, round -> {
            Unmasking honest = (Unmasking) round.message(Phase.UNMASK, LIAR);
            List<RevealedShare> shares = new ArrayList<>(honest.seedShares());
            change.accept(shares);
            round.server.receive(new Unmasking(honest.session(), LIAR, shares, honest.keyShares()));
        });
    }

    private void addUnmaskingAttempts() {
        unmasking(Reason.BAD_LIST, "share withheld", s -> s.remove(0));
        unmasking(Reason.BAD_LIST, "no shares", List::clear);
        unmasking(
                Reason.BAD_LIST,
                "share of a stranger",
                s -> s.add(new RevealedShare(60, 2, s.get(0).limbs())));
        unmasking(
                Reason.BAD_SHARE,
                "share at x = 0",
                s -> s.set(0, new RevealedShare(10, 0, s.get(0).limbs())));
        unmasking(
                Reason.BAD_SHARE,
                "share at another's x",
                s -> s.set(0, new RevealedShare(10, 1, s.get(0).limbs())));
        unmasking(Reason.BAD_SHARE, "limb that is p", s -> {
            byte[] limbs = s.get(0).limbs().toArray();
            ByteBuffer.wrap(limbs).putLong(8, (1L << 61) - 1);
            s.set(0, new RevealedShare(10, 2, Bytes.of(limbs)));
        });
        attempt(Phase.UNMASK, Reason.BAD_LIST, "key share of a survivor in place of its seed share", round -> {
            Unmasking honest = (Unmasking) round.message(Phase.UNMASK, LIAR);
            List<RevealedShare> seeds = honest.seedShares();
            round.server.receive(new Unmasking(honest.session(), LIAR, seeds.subList(1, 5), List.of(seeds.get(0))));
        });
        attempt(Phase.UNMASK, Reason.DUPLICATE, "unmasking in place of another's", round -> {
            Unmasking honest = (Unmasking) round.message(Phase.UNMASK, LIAR);
            round.server.receive(new Unmasking(honest.session(), 10, honest.seedShares(), honest.keyShares()));
        });
        attempt(Phase.UNMASK, Reason.WRONG_PHASE, "late vector of a client that was lost", round -> {
            TestRound other = new TestRound(federation, federation.plan(6)).upTo(Phase.MASKED);
            byte[] late = TestRound.bytes(other.masked(LIAR));
            other.playPhase(Phase.MASKED, id -> id == LIAR ? 2 : TestRound.NEVER);
            other.upload(LIAR, late, 100);
        });
    }

    // ---- what must work all the same

    @Test
    void masked_lateVectorAfterSurvivorsAreFixed_neverAdded() {
        TestRound round = new TestRound(federation, federation.plan(6)).upTo(Phase.MASKED);
        byte[] late = TestRound.bytes(round.masked(LIAR));
        MaskedIntake open = round.server.masked(LIAR);
        open.add(ByteBuffer.wrap(late));
        round.playPhase(Phase.MASKED, id -> id == LIAR ? 2 : TestRound.NEVER);
        ProtocolException refusal = catchThrowableOfType(ProtocolException.class, open::commit);
        assertThat(refusal.reason()).isEqualTo(Reason.WRONG_PHASE);
        round.playPhase(Phase.SURVIVORS, id -> id == LIAR ? 2 : TestRound.NEVER);
        round.playPhase(Phase.UNMASK, id -> id == LIAR ? 2 : TestRound.NEVER);
        Outcome outcome = round.server.outcome().orElseThrow();
        assertThat(outcome.sum()).isEqualTo(round.plainSum(List.of(10L, 30L, 40L, 50L)));
    }

    @Test
    void receive_identicalRepeats_haveNoEffectEvenAfterTheirPhase() {
        TestRound round = new TestRound(federation, federation.plan(6));
        KeyAdvertisement keys = (KeyAdvertisement) round.message(Phase.KEYS, LIAR);
        round.server.receive(keys);
        round.server.receive(keys);
        round.playPhase(Phase.KEYS, id -> id == LIAR ? 0 : TestRound.NEVER);
        round.server.receive(keys);
        round.playPhase(Phase.SHARES, id -> TestRound.NEVER);
        byte[] body = TestRound.bytes(round.masked(LIAR));
        round.upload(LIAR, body, 11);
        round.upload(LIAR, body, 13);
        round.playPhase(Phase.MASKED, id -> id == LIAR ? 0 : TestRound.NEVER);
        round.upload(LIAR, body, 17);
        round.playPhase(Phase.SURVIVORS, id -> TestRound.NEVER);
        Unmasking unmasking = (Unmasking) round.message(Phase.UNMASK, LIAR);
        round.server.receive(unmasking);
        round.playPhase(Phase.UNMASK, id -> id == LIAR ? 0 : TestRound.NEVER);
        round.server.receive(unmasking);
        assertThat(round.server.outcome().orElseThrow().sum())
                .isEqualTo(round.plainSum(List.of(10L, 20L, 30L, 40L, 50L)));
    }

    @Test
    void closePhase_wrongSharesWithinSlack_blamedAndSumExact() {
        for (int liars = 1; liars <= 2; liars++) { // n - t = 2
            TestRound round = new TestRound(federation, federation.plan(6)).upTo(Phase.UNMASK);
            for (long id : round.clients.keySet()) {
                Unmasking honest = (Unmasking) round.message(Phase.UNMASK, id);
                round.server.receive(id <= 10L * liars ? corrupted(honest) : honest);
            }
            round.server.closePhase();
            Outcome outcome = round.server.outcome().orElseThrow();
            assertThat(outcome.sum()).isEqualTo(round.plainSum(outcome.survivors()));
            assertThat(outcome.blamed()).isEqualTo(liars == 1 ? List.of(10L) : List.of(10L, 20L));
        }
    }

    @Test
    void closePhase_tooManyWrongShares_abortsWithoutSum() {
        TestRound round = new TestRound(federation, federation.plan(6)).upTo(Phase.UNMASK);
        for (long id : round.clients.keySet()) {
            Unmasking honest = (Unmasking) round.message(Phase.UNMASK, id);
            round.server.receive(id <= 30 ? corrupted(honest) : honest);
        }
        round.server.closePhase();
        assertThat(round.server.outcome()).isEmpty();
        RoundAborted why = round.server.abortion().orElseThrow();
        assertThat(why.reason()).isEqualTo(RoundAborted.Reason.BAD_SHARES);
        assertThat(why.detail()).contains("client 10");
    }

    private static Unmasking corrupted(Unmasking honest) {
        List<RevealedShare> wrong = honest.seedShares().stream()
                .map(share -> {
                    byte[] limbs = new byte[40];
                    TestFederation.RANDOM.nextBytes(limbs);
                    for (int limb = 0; limb < 40; limb += 8) {
                        limbs[limb] &= 0x0f; // below 2^61 - 1
                    }
                    return new RevealedShare(share.owner(), share.x(), Bytes.of(limbs));
                })
                .toList();
        return new Unmasking(honest.session(), honest.client(), wrong, honest.keyShares());
    }

    @Test
    void receive_moreClientsThanPlanned_refused() {
        TestFederation small = TestFederation.of(4);
        dev.fedlora.aggregation.wire.RoundPlan plan = small.plan(6);
        dev.fedlora.aggregation.wire.RoundPlan three = new dev.fedlora.aggregation.wire.RoundPlan(
                plan.protocolVersion(),
                plan.federation(),
                plan.task(),
                plan.round(),
                plan.taskHash(),
                plan.adapterHash(),
                plan.rosterHash(),
                plan.protocol(),
                3,
                2,
                2,
                2,
                0,
                plan.dimension(),
                32,
                plan.scale(),
                plan.clippingBound(),
                plan.deadlines(),
                plan.nonce());
        ServerSession server = new ServerSession(three, small.roster);
        for (long id = 10; id <= 40; id += 10) {
            KeyAdvertisement.Keys keys = new KeyAdvertisement.Keys(freshKey(), freshKey(), Bytes.of(new byte[32]));
            KeyAdvertisement message = KeyAdvertisement.sign(three.id(), id, keys, small.identities.get(id));
            if (id < 40) {
                server.receive(message);
            } else {
                assertThat(catchThrowableOfType(ProtocolException.class, () -> server.receive(message))
                                .reason())
                        .isEqualTo(Reason.COHORT_FULL);
            }
        }
    }
}
