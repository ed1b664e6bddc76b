package dev.tidemill.answer;

/// Why a question was not answered.
public enum AbstentionReason {
    /// the project holds no published document
    EMPTY_PROJECT,
    /// nothing was found, for example because the filter lets nothing through
    NOTHING_FOUND,
    /// what was found does not speak about the question
    NOT_COVERED,
    /// no citation stood up to the check against the stored text
    UNPROVEN
}
