package dev.fedlora.aggregation.secagg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fedlora.aggregation.crypto.AgreementKeys;
import dev.fedlora.aggregation.crypto.IdentityKeys;
import dev.fedlora.aggregation.crypto.Secret;
import dev.fedlora.aggregation.crypto.Shamir;
import dev.fedlora.aggregation.crypto.Share;
import dev.fedlora.aggregation.crypto.ShareBundle;
import dev.fedlora.aggregation.secagg.KeyDerivation.Party;
import dev.fedlora.aggregation.wire.Bytes;
import dev.fedlora.aggregation.wire.KeyAdvertisement;
import dev.fedlora.aggregation.wire.KeyRoster;
import dev.fedlora.aggregation.wire.Phase;
import dev.fedlora.aggregation.wire.ProtocolException;
import dev.fedlora.aggregation.wire.ProtocolException.Reason;
import dev.fedlora.aggregation.wire.RoundPlan;
import dev.fedlora.aggregation.wire.SessionId;
import dev.fedlora.aggregation.wire.ShareDelivery;
import dev.fedlora.aggregation.wire.SignatureList;
import dev.fedlora.aggregation.wire.SurvivorList;
import dev.fedlora.aggregation.wire.SurvivorSignature;
import dev.fedlora.aggregation.wire.Unmasking;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Everything a coordinator may try on client 20 of five; each attempt must end the session and wipe its keys. */
class MaliciousServerTest {
    private static final long VICTIM = 20;
    private static final SessionId OTHER_SESSION = new SessionId(Bytes.sha256(new byte[] {9}));

    private final TestFederation federation = new TestFederation(5, dev.fedlora.aggregation.wire.Protocol.SECAGG, 4, 1);

    /** An attack on the victim's next step; the round is fresh and honest so far. */
    private record Attack(String name, Phase phase, Reason reason, Consumer<TestRound> attempt) {}

    private static Attack on(Phase answered, Reason reason, String name, Consumer<TestRound> attempt) {
        return new Attack(name, answered, reason, attempt);
    }

    @TestFactory
    Stream<DynamicTest> attack_anyKind_abortsAndErasesKeys() {
        List<Attack> attacks = new ArrayList<>();
        attacks.addAll(keyAttacks());
        attacks.addAll(shareAttacks());
        attacks.addAll(survivorAttacks());
        attacks.addAll(signatureAttacks());
        attacks.addAll(orderAttacks());
        assertThat(attacks).hasSizeGreaterThan(45);
        return attacks.stream().map(attack -> DynamicTest.dynamicTest(attack.name(), () -> run(attack)));
    }

    private void run(Attack attack) {
        TestRound round = new TestRound(federation, federation.plan(6));
        round.upTo(attack.phase());
        ClientSession victim = round.clients.get(VICTIM);
        if (attack.phase() == Phase.KEYS) {
            assertThat(victim.isClosed()).isFalse();
        }
        ProtocolException refusal = catchThrowableOfType(
                ProtocolException.class, () -> attack.attempt().accept(round));
        assertThat(refusal).as(attack.name()).isNotNull();
        assertThat(refusal.reason()).as(refusal.getMessage()).isEqualTo(attack.reason());
        assertThat(victim.isClosed()).isTrue();
        assertThat(victim.secrets().isWiped()).isTrue();
        ProtocolException after = catchThrowableOfType(ProtocolException.class, victim::advertise);
        assertThat(after.reason()).isEqualTo(Reason.WRONG_PHASE);
    }

    // ---- keys

    private void share(TestRound round, List<KeyAdvertisement> entries) {
        List<KeyAdvertisement> sorted = new ArrayList<>(entries);
        sorted.sort(Comparator.comparingLong(KeyAdvertisement::client));
        round.clients.get(VICTIM).share(new KeyRoster(round.server.id(), sorted));
    }

    private static List<KeyAdvertisement> entries(TestRound round) {
        return new ArrayList<>(((KeyRoster) round.answer(Phase.KEYS, VICTIM)).entries());
    }

    private Attack keys(Reason reason, String name, Consumer<List<KeyAdvertisement>> change) {
        return on(Phase.SHARES, reason, name, round -> {
            List<KeyAdvertisement> entries = entries(round);
            change.accept(entries);
            share(round, entries);
        });
    }

    private KeyAdvertisement signed(KeyAdvertisement from, KeyAdvertisement.Keys keys) {
        return KeyAdvertisement.sign(from.session(), from.client(), keys, federation.identities.get(from.client()));
    }

    private static Bytes freshKey() {
        return Bytes.of(AgreementKeys.generate(TestFederation.RANDOM).publicKey());
    }

    private List<Attack> keyAttacks() {
        IdentityKeys stranger = IdentityKeys.generate(TestFederation.RANDOM);
        return List.of(
                keys(Reason.BAD_SIGNATURE, "mask key swapped", e -> e.set(0, with(e.get(0), freshKey(), null))),
                keys(Reason.BAD_SIGNATURE, "share key swapped", e -> e.set(0, with(e.get(0), null, freshKey()))),
                keys(Reason.BAD_SIGNATURE, "own mask key swapped", e -> e.set(1, with(e.get(1), freshKey(), null))),
                keys(Reason.BAD_SIGNATURE, "keys signed by a stranger", e -> {
                    KeyAdvertisement.Keys fresh = new KeyAdvertisement.Keys(freshKey(), freshKey(), nonce());
                    e.set(0, KeyAdvertisement.sign(e.get(0).session(), 10, fresh, stranger));
                }),
                keys(Reason.BAD_SIGNATURE, "keys of one client under another id", e -> {
                    KeyAdvertisement a = e.get(0);
                    e.set(
                            0,
                            new KeyAdvertisement(a.session(), 30, a.maskKey(), a.shareKey(), a.nonce(), a.signature()));
                    e.remove(2);
                }),
                keys(Reason.BAD_SIGNATURE, "keys replayed from another session", e -> {
                    KeyAdvertisement a = e.get(0);
                    KeyAdvertisement old = KeyAdvertisement.sign(
                            OTHER_SESSION,
                            10,
                            new KeyAdvertisement.Keys(a.maskKey(), a.shareKey(), a.nonce()),
                            federation.identities.get(10L));
                    e.set(
                            0,
                            new KeyAdvertisement(
                                    a.session(), 10, a.maskKey(), a.shareKey(), a.nonce(), old.signature()));
                }),
                keys(Reason.UNKNOWN_CLIENT, "client that is not on the roster", e -> {
                    KeyAdvertisement.Keys fresh = new KeyAdvertisement.Keys(freshKey(), freshKey(), nonce());
                    e.set(0, KeyAdvertisement.sign(e.get(0).session(), 11, fresh, stranger));
                }),
                keys(Reason.BAD_LIST, "own keys missing", e -> e.remove(1)),
                keys(Reason.BAD_LIST, "own keys replaced by validly signed others", e -> {
                    KeyAdvertisement.Keys fresh = new KeyAdvertisement.Keys(freshKey(), freshKey(), nonce());
                    e.set(1, signed(e.get(1), fresh));
                }),
                keys(Reason.BAD_KEY, "one mask key for two clients", e -> {
                    KeyAdvertisement a = e.get(0);
                    e.set(2, signed(e.get(2), new KeyAdvertisement.Keys(a.maskKey(), freshKey(), nonce())));
                }),
                keys(Reason.BAD_KEY, "mask key that is another's share key", e -> {
                    KeyAdvertisement a = e.get(0);
                    e.set(2, signed(e.get(2), new KeyAdvertisement.Keys(a.shareKey(), freshKey(), nonce())));
                }),
                keys(Reason.BAD_KEY, "own mask key as another's", e -> {
                    KeyAdvertisement a = e.get(1);
                    e.set(2, signed(e.get(2), new KeyAdvertisement.Keys(a.maskKey(), freshKey(), nonce())));
                }),
                keys(Reason.BAD_KEY, "mask key of order 1", e -> lowOrder(e, "00".repeat(32), true)),
                keys(Reason.BAD_KEY, "mask key of order 2", e -> lowOrder(e, "01" + "00".repeat(31), true)),
                keys(
                        Reason.BAD_KEY,
                        "share key of order 8",
                        e -> lowOrder(e, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", false)),
                keys(
                        Reason.BAD_KEY,
                        "share key that is p, not reduced",
                        e -> lowOrder(e, "ed" + "ff".repeat(30) + "7f", false)),
                keys(Reason.TOO_FEW_CLIENTS, "fewer clients than the threshold", e -> e.removeIf(a -> a.client() > 30)),
                keys(Reason.TOO_FEW_CLIENTS, "no clients", List::clear),
                on(
                        Phase.SHARES,
                        Reason.WRONG_SESSION,
                        "keys of another session",
                        round -> round.clients.get(VICTIM).share(new KeyRoster(OTHER_SESSION, List.of()))));
    }

    private static KeyAdvertisement with(KeyAdvertisement a, Bytes maskKey, Bytes shareKey) {
        return new KeyAdvertisement(
                a.session(),
                a.client(),
                maskKey == null ? a.maskKey() : maskKey,
                shareKey == null ? a.shareKey() : shareKey,
                a.nonce(),
                a.signature());
    }

    private void lowOrder(List<KeyAdvertisement> entries, String hex, boolean isMaskKey) {
        Bytes low = Bytes.ofHex(hex);
        entries.set(
                0,
                signed(
                        entries.get(0),
                        new KeyAdvertisement.Keys(
                                isMaskKey ? low : freshKey(), isMaskKey ? freshKey() : low, nonce())));
    }

    private static Bytes nonce() {
        byte[] nonce = new byte[32];
        TestFederation.RANDOM.nextBytes(nonce);
        return Bytes.of(nonce);
    }

    // ---- shares

    private static Attack shares(Reason reason, String name, Consumer<List<ShareDelivery.Box>> change) {
        return on(Phase.MASKED, reason, name, round -> {
            ShareDelivery honest = (ShareDelivery) round.answer(Phase.SHARES, VICTIM);
            List<ShareDelivery.Box> boxes = new ArrayList<>(honest.boxes());
            change.accept(boxes);
            round.clients
                    .get(VICTIM)
                    .mask(new ShareDelivery(honest.session(), VICTIM, boxes), round.inputs.get(VICTIM));
        });
    }

    private static ShareDelivery.Box flipped(ShareDelivery.Box box, int at) {
        byte[] sealed = box.sealed().toArray();
        sealed[at] ^= 1;
        return new ShareDelivery.Box(box.from(), Bytes.of(sealed));
    }

    private List<Attack> shareAttacks() {
        return List.of(
                shares(Reason.BAD_SHARE, "nonce of a box flipped", b -> b.set(0, flipped(b.get(0), 0))),
                shares(Reason.BAD_SHARE, "ciphertext of a box flipped", b -> b.set(1, flipped(b.get(1), 50))),
                shares(Reason.BAD_SHARE, "tag of a box flipped", b -> b.set(2, flipped(b.get(2), 111))),
                shares(Reason.BAD_SHARE, "boxes of two senders exchanged", b -> {
                    ShareDelivery.Box first = b.get(0);
                    b.set(0, new ShareDelivery.Box(first.from(), b.get(1).sealed()));
                    b.set(1, new ShareDelivery.Box(b.get(1).from(), first.sealed()));
                }),
                shares(
                        Reason.BAD_SHARE,
                        "box of zeros",
                        b -> b.set(0, new ShareDelivery.Box(b.get(0).from(), Bytes.of(new byte[112])))),
                shares(
                        Reason.UNKNOWN_CLIENT,
                        "box from a client without keys",
                        b -> b.set(3, new ShareDelivery.Box(60, b.get(3).sealed()))),
                shares(
                        Reason.UNKNOWN_CLIENT,
                        "box from the client itself",
                        b -> b.add(1, new ShareDelivery.Box(VICTIM, b.get(0).sealed()))),
                shares(
                        Reason.TOO_FEW_CLIENTS,
                        "fewer boxes than the threshold",
                        b -> b.subList(2, 4).clear()),
                shares(Reason.TOO_FEW_CLIENTS, "no boxes", List::clear),
                on(Phase.MASKED, Reason.BAD_LIST, "boxes for another client", round -> {
                    ShareDelivery other = (ShareDelivery) round.answer(Phase.SHARES, 10);
                    round.clients.get(VICTIM).mask(other, round.inputs.get(VICTIM));
                }),
                on(Phase.MASKED, Reason.BAD_SHARE, "box for another client", round -> {
                    ShareDelivery honest = (ShareDelivery) round.answer(Phase.SHARES, VICTIM);
                    ShareDelivery other = (ShareDelivery) round.answer(Phase.SHARES, 30);
                    List<ShareDelivery.Box> boxes = new ArrayList<>(honest.boxes());
                    boxes.set(0, other.boxes().get(0)); // both from client 10
                    round.clients
                            .get(VICTIM)
                            .mask(new ShareDelivery(honest.session(), VICTIM, boxes), round.inputs.get(VICTIM));
                }),
                on(
                        Phase.MASKED,
                        Reason.WRONG_SESSION,
                        "boxes of another session",
                        round -> round.clients
                                .get(VICTIM)
                                .mask(new ShareDelivery(OTHER_SESSION, VICTIM, List.of()), round.inputs.get(VICTIM))),
                sealedBy10("well sealed share at another x", new ShareBundle(share(3), share(3)), false),
                sealedBy10("well sealed share for another session", new ShareBundle(share(2), share(2)), true));
    }

    private static Share share(int x) {
        return Shamir.split(Secret.random(TestFederation.RANDOM, 32), new int[] {x}, 1, TestFederation.RANDOM)
                .get(0);
    }

    /** Client 10 works with the server and seals what it likes, with keys of its own choice. */
    private Attack sealedBy10(String name, ShareBundle bundle, boolean isOtherSession) {
        return on(Phase.SHARES, Reason.BAD_SHARE, name, round -> {
            AgreementKeys own = AgreementKeys.generate(TestFederation.RANDOM);
            List<KeyAdvertisement> entries = entries(round);
            Bytes ownKey = Bytes.of(own.publicKey());
            entries.set(0, signed(entries.get(0), new KeyAdvertisement.Keys(freshKey(), ownKey, nonce())));
            share(round, entries);
            Bytes victimKey = entries.get(1).shareKey();
            SessionId session = isOtherSession ? OTHER_SESSION : round.server.id();
            KeyDerivation derivation = new KeyDerivation(session, round.plan.dimension());
            Secret key = derivation.shareBox(
                    own.agree(victimKey.toArray()), new Party(10, ownKey), new Party(VICTIM, victimKey));
            byte[] sealed = bundle.seal(key, derivation.boxContext(10, VICTIM), TestFederation.RANDOM);
            List<ShareDelivery.Box> boxes = new ArrayList<>();
            for (long from : List.of(10L, 30L, 40L, 50L)) {
                boxes.add(new ShareDelivery.Box(from, Bytes.of(sealed)));
            }
            round.clients
                    .get(VICTIM)
                    .mask(new ShareDelivery(round.server.id(), VICTIM, boxes), round.inputs.get(VICTIM));
        });
    }

    // ---- survivors

    private static Attack survivors(Reason reason, String name, Long... list) {
        return on(
                Phase.SURVIVORS,
                reason,
                name,
                round -> round.clients.get(VICTIM).confirm(new SurvivorList(round.server.id(), List.of(list))));
    }

    private static List<Attack> survivorAttacks() {
        return List.of(
                survivors(Reason.BAD_LIST, "victim declared lost", 10L, 30L, 40L, 50L),
                survivors(Reason.UNKNOWN_CLIENT, "survivor that is not on the roster", 10L, 20L, 30L, 40L, 60L),
                survivors(Reason.TOO_FEW_CLIENTS, "fewer survivors than the threshold", 10L, 20L, 30L),
                survivors(Reason.TOO_FEW_CLIENTS, "victim as the only survivor", 20L),
                survivors(Reason.BAD_LIST, "no survivors"),
                on(
                        Phase.SURVIVORS,
                        Reason.WRONG_SESSION,
                        "survivors of another session",
                        round -> round.clients
                                .get(VICTIM)
                                .confirm(new SurvivorList(OTHER_SESSION, List.of(10L, 20L, 30L, 40L)))),
                on(Phase.SHARES, Reason.UNKNOWN_CLIENT, "survivor whose shares were never delivered", round -> {
                    round.playPhase(Phase.SHARES, id -> TestRound.NEVER);
                    ShareDelivery honest = (ShareDelivery) round.answer(Phase.SHARES, VICTIM);
                    List<ShareDelivery.Box> boxes = honest.boxes().subList(0, 3); // not of 50
                    ClientSession victim = round.clients.get(VICTIM);
                    victim.mask(new ShareDelivery(honest.session(), VICTIM, boxes), round.inputs.get(VICTIM));
                    victim.confirm(new SurvivorList(honest.session(), List.of(10L, 20L, 30L, 40L, 50L)));
                }));
    }

    // ---- signatures

    private static Attack signatures(Reason reason, String name, Consumer<List<SurvivorSignature>> change) {
        return on(Phase.UNMASK, reason, name, round -> {
            SignatureList honest = (SignatureList) round.answer(Phase.SURVIVORS, VICTIM);
            List<SurvivorSignature> signatures = new ArrayList<>(honest.signatures());
            change.accept(signatures);
            round.clients.get(VICTIM).unmask(new SignatureList(honest.session(), signatures));
        });
    }

    private SurvivorSignature signature(SessionId session, long client, List<Long> list) {
        return SurvivorSignature.sign(new SurvivorList(session, list), client, federation.identities.get(client));
    }

    private List<Attack> signatureAttacks() {
        List<Long> all = List.of(10L, 20L, 30L, 40L, 50L);
        List<Long> fewer = List.of(10L, 20L, 30L, 40L);
        return List.of(
                signatures(
                        Reason.BAD_SIGNATURE,
                        "split view: one signed another list",
                        s -> s.set(0, signature(s.get(0).session(), 10, fewer))),
                signatures(
                        Reason.BAD_SIGNATURE,
                        "split view: all others signed another list",
                        s -> s.replaceAll(each ->
                                each.client() == VICTIM ? each : signature(each.session(), each.client(), fewer))),
                signatures(Reason.BAD_SIGNATURE, "signature of another session", s -> {
                    Bytes old = signature(OTHER_SESSION, 10, all).signature();
                    s.set(0, new SurvivorSignature(s.get(0).session(), 10, old));
                }),
                signatures(Reason.BAD_SIGNATURE, "signature flipped", s -> {
                    byte[] bytes = s.get(4).signature().toArray();
                    bytes[10] ^= 4;
                    s.set(4, new SurvivorSignature(s.get(4).session(), 50, Bytes.of(bytes)));
                }),
                signatures(
                        Reason.BAD_SIGNATURE,
                        "one client's signature under two ids",
                        s -> s.set(
                                2,
                                new SurvivorSignature(
                                        s.get(2).session(), 30, s.get(0).signature()))),
                signatures(
                        Reason.BAD_SIGNATURE,
                        "signatures of zeros",
                        s -> s.replaceAll(
                                each -> new SurvivorSignature(each.session(), each.client(), Bytes.of(new byte[64])))),
                signatures(
                        Reason.UNKNOWN_CLIENT,
                        "signature of a stranger",
                        s -> s.set(
                                4,
                                new SurvivorSignature(
                                        s.get(4).session(), 60, s.get(4).signature()))),
                signatures(Reason.BAD_LIST, "own signature missing", s -> s.remove(1)),
                signatures(
                        Reason.TOO_FEW_CLIENTS,
                        "one signature below the threshold",
                        s -> s.subList(3, 5).clear()),
                signatures(Reason.BAD_LIST, "no signatures", List::clear),
                on(
                        Phase.UNMASK,
                        Reason.WRONG_SESSION,
                        "signatures for another session",
                        round -> round.clients.get(VICTIM).unmask(new SignatureList(OTHER_SESSION, List.of()))));
    }

    // ---- order

    private static List<Attack> orderAttacks() {
        return List.of(
                on(
                        Phase.KEYS,
                        Reason.WRONG_PHASE,
                        "key roster before keys were advertised",
                        round -> round.clients.get(VICTIM).share(new KeyRoster(round.server.id(), List.of()))),
                on(
                        Phase.SHARES,
                        Reason.WRONG_PHASE,
                        "shares before the key roster",
                        round -> round.clients
                                .get(VICTIM)
                                .mask(
                                        new ShareDelivery(round.server.id(), VICTIM, List.of()),
                                        round.inputs.get(VICTIM))),
                on(
                        Phase.SHARES,
                        Reason.WRONG_PHASE,
                        "survivors before the shares",
                        round -> round.clients
                                .get(VICTIM)
                                .confirm(new SurvivorList(round.server.id(), List.of(10L, 20L, 30L, 40L)))),
                on(
                        Phase.MASKED,
                        Reason.WRONG_PHASE,
                        "signatures before the survivors",
                        round -> round.clients.get(VICTIM).unmask(new SignatureList(round.server.id(), List.of()))),
                on(
                        Phase.MASKED,
                        Reason.WRONG_PHASE,
                        "key roster twice",
                        round -> round.clients.get(VICTIM).share((KeyRoster) round.answer(Phase.KEYS, VICTIM))),
                on(
                        Phase.MASKED,
                        Reason.WRONG_PHASE,
                        "back to the keys in the middle",
                        round -> round.clients.get(VICTIM).advertise()),
                on(
                        Phase.SURVIVORS,
                        Reason.WRONG_PHASE,
                        "shares twice, for a second vector",
                        round -> round.masked(VICTIM)),
                on(
                        Phase.UNMASK,
                        Reason.WRONG_PHASE,
                        "survivors twice",
                        round -> round.clients
                                .get(VICTIM)
                                .confirm(new SurvivorList(round.server.id(), List.of(10L, 20L, 30L, 40L)))),
                on(Phase.UNMASK, Reason.WRONG_PHASE, "unmasking twice", round -> {
                    SignatureList honest = (SignatureList) round.answer(Phase.SURVIVORS, VICTIM);
                    ClientSession victim = round.clients.get(VICTIM);
                    victim.unmask(honest);
                    victim.unmask(honest);
                }),
                on(
                        Phase.KEYS,
                        Reason.WRONG_PHASE,
                        "masked round turned into one in the clear",
                        round -> round.clients.get(VICTIM).plain(round.inputs.get(VICTIM))));
    }

    @Test
    void unmask_someLost_neverRevealsBothSharesOfAnyone() {
        TestRound round = new TestRound(federation, federation.plan(6)).upTo(Phase.MASKED);
        round.playPhase(Phase.MASKED, id -> id == 50 ? 2 : TestRound.NEVER);
        round.playPhase(Phase.SURVIVORS, id -> id == 50 ? 2 : TestRound.NEVER);
        Unmasking unmasking = (Unmasking) round.message(Phase.UNMASK, VICTIM);
        assertThat(unmasking.seedShares()).extracting("owner").containsExactly(10L, 20L, 30L, 40L);
        assertThat(unmasking.keyShares()).extracting("owner").containsExactly(50L);
        assertThat(round.clients.get(VICTIM).secrets().isWiped()).isTrue();
    }

    @Test
    void mask_wrongLength_erasesKeys() {
        TestRound round = new TestRound(federation, federation.plan(6)).upTo(Phase.MASKED);
        ClientSession victim = round.clients.get(VICTIM);
        ShareDelivery delivery = (ShareDelivery) round.answer(Phase.SHARES, VICTIM);
        IllegalArgumentException refusal =
                catchThrowableOfType(IllegalArgumentException.class, () -> victim.mask(delivery, new int[5]));
        assertThat(refusal).hasMessageContaining("6 coordinates, got 5");
        assertThat(victim.secrets().isWiped()).isTrue();
    }

    @Test
    void mask_differentAdaptersShown_masksDoNotCancel() {
        // two clients are shown a plan with another adapter hash: their sessions differ, and their keys are refused
        RoundPlan plan = federation.plan(6);
        TestRound round = new TestRound(federation, plan);
        ClientSession other = federation.client(federation.plan(2, 6), 10);
        KeyAdvertisement foreign = other.advertise();
        ProtocolException refusal = catchThrowableOfType(ProtocolException.class, () -> round.server.receive(foreign));
        assertThat(refusal.reason()).isEqualTo(Reason.WRONG_SESSION);
    }

    @Test
    void session_strangerOrWrongKey_refused() {
        RoundPlan plan = federation.plan(6);
        IdentityKeys identity = federation.identities.get(10L);
        CheckedPlan checked = federation.checked(plan);
        assertThat(catchThrowableOfType(
                        IllegalArgumentException.class,
                        () -> new ClientSession(checked, 11, identity, TestFederation.RANDOM)))
                .hasMessageContaining("not on the roster");
        assertThat(catchThrowableOfType(
                        IllegalArgumentException.class,
                        () -> new ClientSession(checked, 20, identity, TestFederation.RANDOM)))
                .hasMessageContaining("another identity key");
    }
}
