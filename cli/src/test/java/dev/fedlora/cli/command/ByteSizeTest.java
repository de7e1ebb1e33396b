package dev.fedlora.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
    @Test
    void of_units_areOf1024() {
        assertThat(ByteSize.of("--memory", "1GB")).isEqualTo(1L << 30);
        assertThat(ByteSize.of("--memory", "1.5 gb")).isEqualTo(3L << 29);
        assertThat(ByteSize.of("--memory", "500MiB")).isEqualTo(500L << 20);
        assertThat(ByteSize.of("--memory", "64k")).isEqualTo(64L << 10);
        assertThat(ByteSize.of("--memory", "123")).isEqualTo(123);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "GB", "-1GB", "1.5.2GB", "1PB", "much", "99999999999T"})
    void of_noSize_namesOptionAndText(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ByteSize.of("--memory", text))
                .withMessageContaining("--memory")
                .withMessageContaining("'" + text + "'");
    }
}
