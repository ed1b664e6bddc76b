package dev.tidemill.run;

/// What became of a launch request.
///
/// @param runId the run that answers it
/// @param created false when the same request had been made before
public record Launched(long runId, boolean created) {}
