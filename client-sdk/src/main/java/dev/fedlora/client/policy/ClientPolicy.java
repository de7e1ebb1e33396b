package dev.fedlora.client.policy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.fedlora.aggregation.secagg.PlanChecks;
import dev.fedlora.aggregation.wire.PrivacySpec;
import dev.fedlora.aggregation.wire.Protocol;
import dev.fedlora.aggregation.wire.TaskSpec;
import dev.fedlora.client.config.ConfigurationException;
import dev.fedlora.client.config.Fields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The conditions of one client's owner. Immutable.
 *
 * @param minimumCohort least number of clients that a round must admit; in a sum of two, each sees the other's update
 * @param minimumSurvivors least number of clients whose updates are in a released sum
 * @param corruptClients how many other clients are expected to work with a dishonest coordinator
 * @param requireSecureAggregation whether a task in the clear is refused
 * @param maximumEpsilon largest epsilon that this client's data may cost, over all tasks of one state directory
 * @param maximumDelta largest delta of a task's guarantee
 * @param requirePrivacy whether a task without differential privacy is refused
 */
public record ClientPolicy(
        int minimumCohort,
        int minimumSurvivors,
        int corruptClients,
        boolean requireSecureAggregation,
        double maximumEpsilon,
        double maximumDelta,
        boolean requirePrivacy) {
    private static final ObjectMapper JSON = new ObjectMapper();

    // above what any round admits; keeps typing mistakes out
    private static final int LARGEST_COHORT = 1_000_000;

    /**
     * Secure aggregation among at least 3 clients; where a task has differential privacy, epsilon at most 10 (above it a
     * guarantee says little) at delta at most 1e-5.
     */
    public static final ClientPolicy DEFAULT = new ClientPolicy(3, 3, 0, true, 10, 1e-5, false);

    /** @throws ConfigurationException naming every value that is out of its range */
    public ClientPolicy {
        List<String> mistakes = new ArrayList<>();
        if (minimumCohort < 1) {
            mistakes.add("minimumCohort: expected at least 1, got " + minimumCohort);
        }
        if (minimumSurvivors < 1 || minimumSurvivors > minimumCohort) {
            mistakes.add("minimumSurvivors: expected from 1 to minimumCohort (%d), got %d"
                    .formatted(minimumCohort, minimumSurvivors));
        }
        if (corruptClients < 0) {
            mistakes.add("corruptClients: expected at least 0, got " + corruptClients);
        }
        if (!(maximumEpsilon > 0)) {
            mistakes.add("maximumEpsilon: expected a number above 0, got " + maximumEpsilon);
        }
        if (!(maximumDelta > 0 && maximumDelta < 1)) {
            mistakes.add("maximumDelta: expected a number above 0 and below 1, got " + maximumDelta);
        }
        if (!mistakes.isEmpty()) {
            throw new ConfigurationException("policy", mistakes);
        }
    }

    /**
     * Reads a policy from a JSON object with fields named as this record's; absent ones are those of {@link #DEFAULT}.
     *
     * @throws ConfigurationException listing every mistake in the file
     * @throws IOException when the file cannot be read
     */
    public static ClientPolicy read(Path file) throws IOException {
        Fields fields = Fields.read(file, JSON);
        int cohort = (int) fields.whole("minimumCohort", 1, LARGEST_COHORT, DEFAULT.minimumCohort);
        int survivors =
                (int) fields.whole("minimumSurvivors", 1, LARGEST_COHORT, Math.min(cohort, DEFAULT.minimumSurvivors));
        if (survivors > cohort) {
            fields.mistake(
                    "minimumSurvivors: expected at most minimumCohort (%d), got %d".formatted(cohort, survivors));
        }
        int corrupt = (int) fields.whole("corruptClients", 0, LARGEST_COHORT, DEFAULT.corruptClients);
        boolean secure = fields.flag("requireSecureAggregation", DEFAULT.requireSecureAggregation);
        double epsilon = fields.number("maximumEpsilon", Double.MIN_NORMAL, Double.MAX_VALUE, DEFAULT.maximumEpsilon);
        double delta = fields.number("maximumDelta", Double.MIN_NORMAL, Math.nextDown(1.0), DEFAULT.maximumDelta);
        boolean privacy = fields.flag("requirePrivacy", DEFAULT.requirePrivacy);
        fields.finish();
        return new ClientPolicy(cohort, survivors, corrupt, secure, epsilon, delta, privacy);
    }

    /**
     * Returns this policy's objections against a task, none when it may be joined.
     *
     * @param task valid
     */
    public List<String> objections(TaskSpec task) {
        List<String> objections = new ArrayList<>();
        if (requireSecureAggregation && task.aggregation().protocol() != Protocol.SECAGG) {
            objections.add("updates would travel in the clear, and the policy requires secure aggregation");
        }
        if (task.aggregation().minimumSurvivors() < minimumSurvivors) {
            objections.add("sums of %d clients would be released, the policy asks for at least %d"
                    .formatted(task.aggregation().minimumSurvivors(), minimumSurvivors));
        }
        PrivacySpec privacy = task.privacy();
        if (privacy == null) {
            if (requirePrivacy) {
                objections.add("the task has no differential privacy, and the policy requires it");
            }
            return objections;
        }
        if (privacy.epsilon() > maximumEpsilon) {
            objections.add(
                    "the task may spend epsilon %s, the policy allows %s".formatted(privacy.epsilon(), maximumEpsilon));
        }
        if (privacy.delta() > maximumDelta) {
            objections.add("the task's delta is %s, the policy allows %s".formatted(privacy.delta(), maximumDelta));
        }
        return objections;
    }

    /** Returns the part of this policy that {@link PlanChecks} holds every round's plan against. */
    public dev.fedlora.aggregation.secagg.ClientPolicy forRounds() {
        return new dev.fedlora.aggregation.secagg.ClientPolicy(
                minimumCohort,
                minimumSurvivors,
                corruptClients,
                requireSecureAggregation ? Protocol.SECAGG : Protocol.PLAIN);
    }
}
