package dev.tidemill.run;

/// One step of a run, counted in items.
///
/// @param read items read so far
/// @param written items whose chunk has been committed
/// @param refused items given up on, each with a dead letter
/// @param total items there are to do, 0 while unknown
public record StepView(String name, String status, long read, long written, long refused, long total) {}
