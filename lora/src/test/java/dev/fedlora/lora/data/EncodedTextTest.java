package dev.fedlora.lora.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class EncodedTextTest {
    @Test
    void new_flagsThatDoNotFit_areRefused() {
        assertThatThrownBy(() -> new EncodedText(new int[3], new boolean[2], null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("yes or no for each of 3 tokens, got 2");
        assertThatThrownBy(() -> new EncodedText(new int[2], new boolean[] {true, false}, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("first token cannot be learned");
    }

    @Test
    void equals_sameContent_isEqualAndPrintsNoTokens() {
        EncodedText text = new EncodedText(new int[] {7, 8, 9}, new boolean[] {false, true, true}, "g");
        assertThat(text)
                .isEqualTo(new EncodedText(new int[] {7, 8, 9}, new boolean[] {false, true, true}, "g"))
                .hasSameHashCodeAs(new EncodedText(new int[] {7, 8, 9}, new boolean[] {false, true, true}, "g"))
                .isNotEqualTo(new EncodedText(new int[] {7, 8, 9}, new boolean[] {false, true, false}, "g"))
                .hasToString("EncodedText[3 tokens]");
        assertThat(text.learnedTokens()).isEqualTo(2);
    }
}
