package dev.fedlora.lora.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;

/** Finds special tokens by their texts: the longest first, over the whole text, as llama.cpp does. Immutable. */
final class SpecialTexts {
    private record Special(String text, int id, int bytes) {}

    private final List<Special> longestFirst;

    private SpecialTexts(List<Special> longestFirst) {
        this.longestFirst = longestFirst;
    }

    /** Takes the tokens of {@code vocabulary} that are of one of these types. */
    static SpecialTexts of(Vocabulary vocabulary, TokenType first, TokenType... more) {
        EnumSet<TokenType> types = EnumSet.of(first, more);
        List<Special> found = new ArrayList<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            String text = vocabulary.text(id);
            if (types.contains(vocabulary.type(id)) && !text.isEmpty()) {
                found.add(new Special(text, id, text.getBytes(StandardCharsets.UTF_8).length));
            }
        }
        found.sort(Comparator.comparingInt(Special::bytes).reversed().thenComparingInt(Special::id));
        return new SpecialTexts(List.copyOf(found));
    }

    /** Returns {@code parts} in their order with the special tokens of their markup; text next to text is one fragment. */
    List<Fragment> split(List<TextPart> parts) {
        List<Fragment> fragments = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (TextPart part : parts) {
            String clean = withoutBrokenSurrogates(part.text());
            if (!part.markup()) {
                text.append(clean);
                continue;
            }
            for (Fragment fragment : split(clean)) {
                if (fragment.isToken()) {
                    endText(text, fragments);
                    fragments.add(fragment);
                } else {
                    text.append(fragment.text());
                }
            }
        }
        endText(text, fragments);
        return fragments;
    }

    /** Returns {@code text} cut at its special tokens. */
    List<Fragment> split(String text) {
        List<Fragment> fragments = text.isEmpty() ? List.of() : List.of(Fragment.ofText(text));
        for (Special special : longestFirst) {
            if (text.contains(special.text())) {
                fragments = split(fragments, special);
            }
        }
        return fragments;
    }

    private static List<Fragment> split(List<Fragment> fragments, Special special) {
        List<Fragment> result = new ArrayList<>();
        for (Fragment fragment : fragments) {
            String text = fragment.text();
            int from = 0;
            for (int at = text.indexOf(special.text()); at >= 0; at = text.indexOf(special.text(), from)) {
                addText(text.substring(from, at), result);
                result.add(Fragment.ofToken(special.id()));
                from = at + special.text().length();
            }
            if (fragment.isToken()) {
                result.add(fragment);
            } else {
                addText(text.substring(from), result);
            }
        }
        return result;
    }

    private static void endText(StringBuilder text, List<Fragment> fragments) {
        addText(text.toString(), fragments);
        text.setLength(0);
    }

    private static void addText(String text, List<Fragment> fragments) {
        if (!text.isEmpty()) {
            fragments.add(Fragment.ofText(text));
        }
    }

    /** Returns {@code text} as valid UTF-16: a half of a character that stands alone becomes U+FFFD. */
    private static String withoutBrokenSurrogates(String text) {
        StringBuilder clean = null;
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (Character.isSupplementaryCodePoint(text.codePointAt(i))) {
                i++;
                continue;
            }
            clean = clean == null ? new StringBuilder(text) : clean;
            clean.setCharAt(i, '\uFFFD');
        }
        return clean == null ? text : clean.toString();
    }
}
