package dev.fedlora.cli.client;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.fedlora.cli.command.Answer;
import dev.fedlora.cli.command.AnsweringCommand;
import dev.fedlora.client.agent.AgentConfig;
import dev.fedlora.client.state.ClientState;
import dev.fedlora.privacy.ledger.LedgerInUseException;
import dev.fedlora.privacy.ledger.PrivacyLedger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code fedlora client status}: what a client took part in, and what it cost. */
@Command(
        name = "status",
        description = "Show the rounds that a client took part in, and what its privacy ledgers say was spent.")
final class StatusCommand extends AnsweringCommand {
    private static final List<String> UNITS = List.of("record", "group");

    @Option(
            names = "--dir",
            required = true,
            paramLabel = "DIR",
            description = "The client's folder; see 'fedlora client join'.")
    private Path directory = Path.of("");

    @Override
    protected Answer answer() throws IOException {
        AgentConfig config = new ClientFolder(directory).agent();
        List<String> lines = new ArrayList<>();
        ObjectNode json = Answer.object();
        json.put("clientId", config.clientId());
        json.put("coordinator", config.http().coordinator().toString());
        json.put("task", config.task());
        lines.add("client %d, task %s at %s"
                .formatted(config.clientId(), config.task(), config.http().coordinator()));
        ObjectNode rounds = json.putObject("rounds");
        Map<String, Long> last = ClientState.lastRounds(config.state());
        last.forEach(rounds::put);
        last.forEach((task, round) -> lines.add("last round of %s: %d".formatted(task, round)));
        addLedgers(json.putArray("ledgers"), lines, config);
        Path adapter = config.state().resolve(config.task() + ".safetensors");
        if (Files.exists(adapter)) {
            json.put("adapter", adapter.toString());
            lines.add("finished: final adapter in " + adapter);
        }
        return Answer.of(json, String.join(System.lineSeparator(), lines));
    }

    private static void addLedgers(ArrayNode ledgers, List<String> lines, AgentConfig config) throws IOException {
        double delta = config.policy().maximumDelta();
        for (String unit : UNITS) {
            Path file = config.state().resolve("privacy-" + unit + ".ledger");
            if (!Files.exists(file)) {
                continue;
            }
            ObjectNode each = ledgers.addObject().put("unit", unit).put("delta", delta);
            try (PrivacyLedger ledger = PrivacyLedger.openExisting(file)) {
                double epsilon = ledger.spent(delta);
                each.put("epsilon", epsilon);
                lines.add("spent per %s: epsilon %s at delta %s".formatted(unit, epsilon, delta));
            } catch (LedgerInUseException running) {
                each.put("inUse", true);
                lines.add("spent per %s: the client is running and holds its ledger".formatted(unit));
            }
        }
    }
}
