package dev.fedlora.aggregation.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.fedlora.lora.AdapterSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a federation trains and on which terms. A client sees it before it joins a round, and every plan carries its
 * {@link #hash()}.
 *
 * <p>The constructor takes anything, so that a file with several mistakes can be read and all of them told:
 * {@link #problems()}. Immutable.
 *
 * @param task name, unique in its federation
 * @param federation name
 * @param architecture of the base model, such as {@code bert}
 * @param baseSha256 hex hash of the base model's file
 * @param adapter rank, alpha and targets
 * @param labels classes of the head, in the order of its rows; empty for a task that learns to answer prompts
 * @param maxTokens examples are cut off here
 * @param rounds number of rounds
 * @param training what a client does in a round
 * @param aggregation how updates are aggregated
 * @param privacy the guarantee, or null for none
 * @param template name of how a prompt and its response are put together, the same at every client; {@value #AUTO}, the
 *     base model's own, when left out. Which names there are, who has the model knows
 */
public record TaskSpec(
        String task,
        String federation,
        String architecture,
        String baseSha256,
        AdapterSpec adapter,
        List<String> labels,
        int maxTokens,
        int rounds,
        LocalTraining training,
        AggregationSpec aggregation,
        @Nullable PrivacySpec privacy,

        @JsonInclude(value = JsonInclude.Include.CUSTOM, valueFilter = LeftOutTemplate.class)
        String template) {
    /** The template of tasks that name none: the base model's own. */
    public static final String AUTO = "auto";

    private static final String DOMAIN = "fedlora task v1";
    private static final String TEMPLATE_TAG = "template";
    private static final String TEMPLATE_NAME = "[a-z0-9][a-z0-9-]{0,39}";

    /** Copies the labels. */
    public TaskSpec {
        labels = labels == null ? List.of() : List.copyOf(labels);
        template = template == null ? AUTO : template;
    }

    /** A task whose prompts, if it has any, are put into the base model's own template. */
    public TaskSpec(
            String task,
            String federation,
            String architecture,
            String baseSha256,
            AdapterSpec adapter,
            List<String> labels,
            int maxTokens,
            int rounds,
            LocalTraining training,
            AggregationSpec aggregation,
            @Nullable PrivacySpec privacy) {
        this(
                task,
                federation,
                architecture,
                baseSha256,
                adapter,
                labels,
                maxTokens,
                rounds,
                training,
                aggregation,
                privacy,
                AUTO);
    }

    /** Says whether responses to prompts are learned, and not labels of texts. */
    public boolean generates() {
        return labels.isEmpty();
    }

    /** Returns everything that is wrong with this task, each in a sentence that names the field; empty when valid. */
    public List<String> problems() {
        Problems problems = new Problems();
        problems.name("task", task);
        problems.name("federation", federation);
        problems.name("architecture", architecture);
        problems.require(
                baseSha256 != null && baseSha256.matches("[0-9a-f]{64}"),
                "baseSha256 must be 64 lower-case hex digits, got '" + baseSha256 + "'");
        problems.isPresent("adapter", adapter);
        problems.require(
                labels.stream().distinct().count() == labels.size()
                        && labels.stream().noneMatch(String::isBlank),
                "labels must be distinct and not blank, got " + labels);
        problems.require(labels.size() != 1, "labels must be none or at least two, got " + labels);
        problems.atLeast("maxTokens", 1, maxTokens);
        problems.atLeast("rounds", 1, rounds);
        if (problems.isPresent("training", training)) {
            training.addProblems(problems);
        }
        if (problems.isPresent("aggregation", aggregation)) {
            aggregation.addProblems(problems);
        }
        addPrivacyProblems(problems);
        addTemplateProblems(problems);
        return problems.found();
    }

    private void addTemplateProblems(Problems problems) {
        problems.require(
                template.matches(TEMPLATE_NAME),
                "template must be 1 to 40 lower-case letters, digits or '-', got '" + template + "'");
        problems.require(
                template.equals(AUTO) || generates(),
                "template must be left out where there are labels: it is for prompts, got '" + template + "'");
    }

    private void addPrivacyProblems(Problems problems) {
        if (privacy == null) {
            return;
        }
        privacy.addProblems(problems);
        problems.require(
                aggregation == null || aggregation.weighting() == Weighting.UNIFORM,
                "aggregation.weighting must be UNIFORM when privacy is set: example counts are not covered by the"
                        + " guarantee");
    }

    /**
     * Returns this task when it is valid.
     *
     * @throws IllegalArgumentException naming all problems
     */
    public TaskSpec validate() {
        Problems.refuse("task '" + task + "' has mistakes", problems());
        return this;
    }

    /**
     * Returns the one byte form that is hashed.
     *
     * @throws IllegalArgumentException when the task is not valid
     */
    public byte[] canonicalBytes() {
        validate();
        ByteWriter out = new ByteWriter();
        out.text(DOMAIN).text(task).text(federation).text(architecture).text(baseSha256);
        out.u32(adapter.rank()).f64(adapter.alpha()).list(adapter.targets(), ByteWriter::text);
        out.list(labels, ByteWriter::text).u32(maxTokens).u32(rounds);
        training.writeTo(out);
        aggregation.writeTo(out);
        out.u8(privacy == null ? 0 : 1);
        if (privacy != null) {
            privacy.writeTo(out);
        }
        if (!adapter.plain()) { // last, so that a plain adapter's task keeps the hash it had
            writePatterns(out);
        }
        if (!template.equals(AUTO)) { // likewise; no name of a scaling is the tag
            out.text(TEMPLATE_TAG).text(template);
        }
        return out.toArray();
    }

    private void writePatterns(ByteWriter out) {
        out.text(adapter.scaling().name());
        out.list(
                List.copyOf(adapter.rankPattern().entrySet()),
                (to, e) -> to.text(e.getKey()).u32(e.getValue()));
        out.list(
                List.copyOf(adapter.alphaPattern().entrySet()),
                (to, e) -> to.text(e.getKey()).f64(e.getValue()));
    }

    /** Returns the SHA-256 of {@link #canonicalBytes()}. */
    public Bytes hash() {
        return Bytes.sha256(canonicalBytes());
    }

    /** Returns this task as JSON. */
    public String toJson() {
        return WireJson.write(this);
    }

    /**
     * Reads a task; it may have {@link #problems()}.
     *
     * @throws JsonProcessingException when the text is no JSON, has an unknown field or a value of the wrong type
     */
    public static TaskSpec ofJson(String json) throws JsonProcessingException {
        return WireJson.read(json, TaskSpec.class);
    }
}
