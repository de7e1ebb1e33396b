package dev.fedlora.cli.demo;

import dev.fedlora.lora.train.ClassificationEvaluation;
import dev.fedlora.lora.train.Evaluation;
import dev.fedlora.lora.train.LanguageEvaluation;

/** The figure by which adapters are compared; what it is depends on the kind of examples. */
enum Measure {
    /** Share of texts that are given their label: higher is better. */
    ACCURACY("accuracy", "Accuracy", "accuracy", "%.4f"),
    /** Of the tokens of responses, e to their mean loss: lower is better. */
    PERPLEXITY("perplexity", "Perplexity", "perplex.", "%.2f");

    /** Characters of the longest bar. */
    private static final double BAR = 40;

    private final String field;
    private final String fieldEnd;
    private final String column;
    private final String form;

    Measure(String field, String fieldEnd, String column, String form) {
        this.field = field;
        this.fieldEnd = fieldEnd;
        this.column = column;
        this.form = form;
    }

    /** Returns the figure of an evaluation. */
    static double of(Evaluation evaluation) {
        return evaluation instanceof LanguageEvaluation language
                ? language.perplexity()
                : ((ClassificationEvaluation) evaluation).accuracy();
    }

    /** Returns its field in JSON. */
    String field() {
        return field;
    }

    /** Returns its field in JSON for something in particular, such as {@code baseAccuracy}. */
    String field(String whose) {
        return whose + fieldEnd;
    }

    /** Returns the head of its column, eight characters. */
    String column() {
        return column;
    }

    /** Returns the figure in words. */
    String words(double figure) {
        return form.formatted(figure);
    }

    /** Returns a bar as long as the figure: of accuracy in proportion to 1, of perplexity to the base model's. */
    String bar(double figure, double base) {
        double share = this == ACCURACY ? figure : Math.min(1, figure / base);
        return "#".repeat((int) Math.round(share * BAR));
    }
}
