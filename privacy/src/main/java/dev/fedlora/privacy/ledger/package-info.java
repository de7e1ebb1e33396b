/**
 * The book of what was released, to whom and at which cost; it is written before the release and stops the round that would
 * exceed the budget.
 *
 * <p>Vocabulary: an <i>audience</i> is a party to which the claim holds; one ledger speaks of one audience and one
 * <i>unit</i> of privacy. A <i>charge</i> is the cost of one release, an <i>entry</i> a charge as it stands in the file. A
 * release is <i>acknowledged</i> when {@link dev.fedlora.privacy.ledger.PrivacyLedger#charge} has returned: only then may
 * anything be released. Look first at {@code PrivacyLedger}, then at {@code Charge}.
 *
 * <p>The file, UTF-8, one JSON object in each line, each ending in its own hash:
 * <pre>
 *   {"ledger":"fedlora-privacy","version":1,"accountant":"rdp","unit":"record","audience":"coordinator","hash":"..."}
 *   {"sequence":1,"previous":"...","kind":"charge","task":"triage","round":0,"planHash":"...","amplification":"records",
 *    "mechanism":"sampled-gaussian","noiseMultiplier":1.1,"samplingRate":0.01,"noise":"discrete","steps":20,
 *    "at":"2026-11-23T06:15:35Z","hash":"..."}
 *   {"sequence":2,"previous":"...","kind":"note","text":"...","hash":"..."}
 * </pre>
 * (a line is broken here for the page). {@code hash} is the SHA-256 of the line's bytes before {@code ,"hash"}, and
 * {@code previous} is the hash of the line above, so that no byte can change unseen. Beside it, {@code NAME.head} holds the
 * sequence number and hash of the last acknowledged line; it tells a line that a crash tore from one that was cut off later.
 *
 * <p>Trust: the chain shows damage and careless edits. Who can write both files can write another history; compare
 * {@link dev.fedlora.privacy.ledger.PrivacyLedger#head()} with a copy kept elsewhere to exclude that.
 */
@NullMarked
package dev.fedlora.privacy.ledger;

import org.jspecify.annotations.NullMarked;
