package dev.fedlora.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    private final StringWriter shown = new StringWriter();

    @Test
    void show_noTerminal_printsALineForEveryTenth() {
        ProgressLine line = new ProgressLine(new PrintWriter(shown), false);
        for (int done = 1; done <= 100; done++) {
            line.show(done, 100, "at " + done);
        }
        line.clear();
        assertThat(shown.toString().lines()).hasSize(10).startsWith("at 10").endsWith("at 100");
        assertThat(shown.toString()).doesNotContain("\u001b");
    }

    @Test
    void show_terminal_redrawsInPlaceAndGoesAway() {
        ProgressLine line = new ProgressLine(new PrintWriter(shown), true);
        line.show(1, 100, "at 1");
        line.status("elsewhere");
        line.clear();
        assertThat(shown.toString()).isEqualTo("\r\u001b[Kat 1\r\u001b[Kelsewhere\r\u001b[K");
    }

    @Test
    void status_noTerminal_printsNothing() {
        new ProgressLine(new PrintWriter(shown), false).status("quiet");
        assertThat(shown.toString()).isEmpty();
    }
}
