package dev.fedlora.examples.triage;

import java.util.List;

/** Where a patient goes from triage, and the findings that lead there. Every finding belongs to one disposition. */
enum Disposition {
    DISCHARGE(
            "discharge home",
            "symptoms settled while waiting",
            "exam entirely normal, reassured",
            "minor graze cleaned and dressed",
            "tolerating food and drink, keen to leave",
            "no red flags, advice leaflet given",
            "pain gone after simple tablets",
            "walking normally, no complaints left",
            "needs nothing further from us today",
            "sprain only, strapped and advised rest",
            "mild cold symptoms, chest clear"),
    OWN_DOCTOR(
            "own doctor",
            "repeat prescription has run out",
            "wants long-standing complaint looked into, no change lately",
            "blood pressure a little high for weeks, feels fine",
            "skin lesion slowly changing over months",
            "routine blood test due next week",
            "asks for a letter for work",
            "chronic ache, same as last year",
            "vaccination overdue, otherwise well",
            "dose of usual tablets needs review",
            "mild reflux for months, wants advice"),
    OBSERVE(
            "short observation",
            "head knock two hours ago, alert, needs repeated checks",
            "drowsy after allergy tablet, rousable, to be watched",
            "first troponin negative, second one pending",
            "mild allergic swelling going down, recheck in four hours",
            "faint this morning, heart trace normal so far",
            "took two tablets too many, level to be repeated",
            "vomiting eased, trial of fluids under way",
            "glucose low, corrected, hourly readings wanted",
            "wheeze better after one inhaler dose, reassess later",
            "fever came down, watch for a few hours"),
    WARD(
            "ward admission",
            "cannot manage at home, needs drip antibiotics",
            "kidney function worse, needs fluids for days",
            "new oxygen requirement of two litres",
            "cellulitis spreading past the marked line",
            "confused since yesterday, urine infection found",
            "heart failure, swollen to the thighs, needs a water drip",
            "pneumonia on film, stable but frail",
            "uncontrolled pain, needs regular injections",
            "sodium low, slow correction over days",
            "stroke last week, not safe to swallow"),
    THEATRE(
            "operating theatre",
            "rigid abdomen, free air on film",
            "open fracture, bone visible in the wound",
            "testicle twisted, sudden pain, high riding",
            "appendix inflamed on scan, consented",
            "strangulated hernia, cannot be reduced",
            "tendon cut through, finger does not bend",
            "abscess deep, needs opening under anaesthetic",
            "hip broken, shortened and turned out",
            "bowel blocked, vomit brown, scan confirms",
            "joint hot and full of pus, washout planned"),
    INTENSIVE(
            "intensive care",
            "not protecting airway, tube passed",
            "pressure will not rise despite litres of fluid",
            "lactate of eight, mottled to the knees",
            "breathing forty a minute, tiring, blue lips",
            "seizures will not stop after two drugs",
            "heart stopped in the car park, pulse back",
            "potassium dangerously high, trace widening",
            "unresponsive, pupils unequal",
            "septic shock, noradrenaline started",
            "massive bleed, transfusion protocol running"),
    ISOLATION(
            "isolation room",
            "blisters in crops, partner has chickenpox",
            "coughing blood, weight loss, contact of tuberculosis",
            "measles rash, never immunised",
            "profuse watery stools, outbreak at the care home",
            "flu swab positive, shares a bay",
            "returned from abroad with fever and rash",
            "resistant germ found on screening swab",
            "norovirus going round the family, vomiting here",
            "whooping cough suspected, infant sibling at home",
            "scabies burrows, many contacts itching");

    private final String label;
    private final List<String> findings;

    Disposition(String label, String... findings) {
        this.label = label;
        this.findings = List.of(findings);
    }

    String label() {
        return label;
    }

    List<String> findings() {
        return findings;
    }
}
