package dev.tidemill.run;

import org.jspecify.annotations.Nullable;

/// How far a run is at work: its current step, and its time against that of earlier runs.
///
/// @param step the step that started last
/// @param elapsedSeconds since the run started
/// @param medianSeconds what the last 10 completed runs of the job took in the middle, null where there is none
public record RunProgress(
        String step,
        StepProgress current,
        long elapsedSeconds,
        @Nullable Long medianSeconds) {}
