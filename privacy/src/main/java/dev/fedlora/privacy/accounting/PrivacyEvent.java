package dev.fedlora.privacy.accounting;

/** One step of a mechanism, as far as its privacy depends on it. Immutable, equal when the figures are. */
public sealed interface PrivacyEvent permits SampledGaussian {}
