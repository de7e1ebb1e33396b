package dev.fedlora.examples.triage;

import java.util.List;

/**
 * One hospital department: which dispositions it sees how often, what its patients come with, and how it writes. The
 * templates take age (%1$s), what the patient came with (%2$s), the finding (%3$s) and a remark (%4$s).
 */
enum Department {
    // in the order of Disposition: home, own doctor, observe, ward, theatre, intensive, isolation
    EMERGENCY(
            new int[] {40, 5, 45, 6, 2, 2, 0},
            List.of("fall from a ladder", "dizzy spell", "cut hand", "chest tightness", "bee sting", "road accident"),
            "%1$s y/o, %2$s. %3$s. %4$s.",
            "Brought in with %2$s, aged %1$s. On review: %3$s. %4$s."),
    CARDIOLOGY(
            new int[] {4, 8, 42, 38, 0, 8, 0},
            List.of(
                    "palpitations",
                    "ankle swelling",
                    "breathless on stairs",
                    "tight chest at night",
                    "pacemaker check"),
            "CARDS: %1$syr, c/o %2$s; %3$s; %4$s",
            "Seen by cardiology for %2$s (age %1$s). %3$s. %4$s."),
    PAEDIATRICS(
            new int[] {46, 4, 26, 2, 0, 0, 22},
            List.of(
                    "off feeds",
                    "barking cough",
                    "rash since nursery",
                    "swallowed a coin",
                    "sticky eyes",
                    "tummy ache"),
            "Child, mum reports %2$s. %3$s. %4$s.",
            "Little one with %2$s, carer present. %3$s; %4$s."),
    ORTHOPAEDICS(
            new int[] {30, 20, 0, 6, 44, 0, 0},
            List.of(
                    "twisted knee",
                    "fell on outstretched hand",
                    "back strain",
                    "stiff shoulder",
                    "crush injury of foot"),
            "Ortho note. Age %1$s. Mechanism: %2$s. Findings: %3$s. %4$s.",
            "#clinic %2$s / %1$s yrs / %3$s / %4$s"),
    NEUROLOGY(
            new int[] {4, 34, 8, 34, 0, 20, 0},
            List.of("numb arm", "worst headache", "blank episodes", "shaky hands", "double vision", "weak leg"),
            "Neuro: %1$s-year-old presenting with %2$s. Impression - %3$s. %4$s.",
            "Referred because of %2$s; age %1$s; we note: %3$s. %4$s."),
    RESPIRATORY(
            new int[] {2, 14, 20, 42, 0, 6, 16},
            List.of("productive cough", "short of breath", "inhaler not helping", "pleuritic pain", "night sweats"),
            "RESP %1$sM/F %2$s >> %3$s >> %4$s",
            "Lung team saw this %1$s year old: %2$s. %3$s. %4$s."),
    SURGERY(
            new int[] {6, 2, 6, 16, 62, 8, 0},
            List.of("right-sided belly pain", "lump in groin", "wound leaking", "no stool for days", "swollen breast"),
            "Surg r/v: %2$s, %1$s yo. O/E %3$s. %4$s.",
            "Surgical take. %2$s in a %1$s year old; %3$s; %4$s."),
    INFECTION(
            new int[] {2, 10, 2, 22, 0, 8, 56},
            List.of("fever after travel", "itchy spots", "diarrhoea", "sore throat and rash", "contact tracing call"),
            "ID consult - %2$s (%1$s). %3$s. %4$s.",
            "Asked to see regarding %2$s, age %1$s: %3$s. %4$s."),
    GERIATRICS(
            new int[] {8, 46, 6, 38, 2, 0, 0},
            List.of(
                    "off legs",
                    "not eating",
                    "fall at the care home",
                    "muddled with tablets",
                    "leg ulcer",
                    "poor sleep"),
            "Elderly care, %1$s. Presented: %2$s. %3$s. %4$s.",
            "Lives alone, %1$s, %2$s. Assessment: %3$s. %4$s.");

    private final int[] shares;
    private final List<String> complaints;
    private final List<String> templates;

    Department(int[] shares, List<String> complaints, String... templates) {
        this.shares = shares;
        this.complaints = complaints;
        this.templates = List.of(templates);
    }

    /** Returns how often it sees a disposition, in percent. */
    int share(Disposition disposition) {
        return shares[disposition.ordinal()];
    }

    List<String> complaints() {
        return complaints;
    }

    List<String> templates() {
        return templates;
    }
}
