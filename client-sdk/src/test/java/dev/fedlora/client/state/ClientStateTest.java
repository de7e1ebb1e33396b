package dev.fedlora.client.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientStateTest {
    @TempDir
    Path directory;

    @Test
    void lastRound_freshDirectory_isZero() throws IOException {
        try (ClientState state = ClientState.open(directory.resolve("new"))) {
            assertThat(state.lastRound("f", "t")).isZero();
        }
    }

    @Test
    void lastRound_afterRestart_isTheLastEntered() throws IOException {
        try (ClientState state = ClientState.open(directory)) {
            state.enterRound("f", "t", 3);
            state.enterRound("f", "other", 9);
            state.enterRound("f", "t", 5);
        }
        try (ClientState state = ClientState.open(directory)) {
            assertThat(state.lastRound("f", "t")).isEqualTo(5);
            assertThat(state.lastRound("f", "other")).isEqualTo(9);
            assertThat(state.lastRound("g", "t")).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {5, 4, 0, -1})
    void enterRound_numberSeenBefore_isRefusedAndChangesNothing(long round) throws IOException {
        try (ClientState state = ClientState.open(directory)) {
            state.enterRound("f", "t", 5);

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> state.enterRound("f", "t", round))
                    .withMessage("round %d of task t is not after the last round seen, 5", round);
            assertThat(state.lastRound("f", "t")).isEqualTo(5);
        }
    }

    @Test
    void open_directoryInUse_isRefused() throws IOException {
        try (ClientState state = ClientState.open(directory)) {
            state.enterRound("f", "t", 1);
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> ClientState.open(directory))
                    .withMessage(directory + ": another client is running on this state directory");
        }
        ClientState.open(directory).close(); // free again
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "{\"f/t\": -1}", "{\"f/t\": \"x\"}", "{\"f/t\": null}", "null"})
    void open_damagedFile_isRefusedByNameAndKept(String content) throws IOException {
        Path file = Files.writeString(directory.resolve("rounds.json"), content);

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> ClientState.open(directory))
                .withMessageStartingWith(file + ": damaged");
        assertThat(file).hasContent(content);
    }

    @Test
    void enterRound_fileCannotBeWritten_keepsTheOldNumber() throws IOException {
        try (ClientState state = ClientState.open(directory)) {
            state.enterRound("f", "t", 1);
            Files.createDirectory(directory.resolve("rounds.json.new")); // in the way of the temporary file

            assertThatExceptionOfType(IOException.class).isThrownBy(() -> state.enterRound("f", "t", 2));
            assertThat(state.lastRound("f", "t")).isEqualTo(1);
        }
    }
}
