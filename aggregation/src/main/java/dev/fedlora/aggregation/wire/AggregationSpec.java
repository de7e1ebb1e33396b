package dev.fedlora.aggregation.wire;

/**
 * How a task's updates are aggregated.
 *
 * @param protocol masked or in the clear
 * @param minimumSurvivors a round with fewer vectors is aborted
 * @param corruptClients clients assumed to work with a malicious coordinator; sets the threshold of shares
 * @param clippingBound L2 norm that an update is clipped to, C
 * @param weighting what an update weighs
 * @param weightCap number of examples from which on a client weighs 1; only used with {@link Weighting#EXAMPLES}
 * @param deadlines of the phases
 */
public record AggregationSpec(
        Protocol protocol,
        int minimumSurvivors,
        int corruptClients,
        double clippingBound,
        Weighting weighting,
        int weightCap,
        PhaseDeadlines deadlines) {
    void addProblems(Problems problems) {
        problems.isPresent("aggregation.protocol", protocol);
        problems.isPresent("aggregation.weighting", weighting);
        problems.atLeast("aggregation.minimumSurvivors", protocol == Protocol.SECAGG ? 2 : 1, minimumSurvivors);
        problems.atLeast("aggregation.corruptClients", 0, corruptClients);
        if (protocol == Protocol.SECAGG) {
            // below two honest survivors the sum is one client's update
            problems.require(
                    minimumSurvivors - corruptClients >= 2,
                    "aggregation.minimumSurvivors must exceed corruptClients by at least 2, got " + minimumSurvivors
                            + " and " + corruptClients);
        }
        problems.positive("aggregation.clippingBound", clippingBound);
        problems.atLeast("aggregation.weightCap", 1, weightCap);
        if (problems.isPresent("aggregation.deadlines", deadlines)) {
            deadlines.addProblems(problems);
        }
    }

    void writeTo(ByteWriter out) {
        out.u8(protocol.ordinal()).u32(minimumSurvivors).u32(corruptClients).f64(clippingBound);
        out.u8(weighting.ordinal()).u32(weightCap);
        deadlines.writeTo(out);
    }
}
