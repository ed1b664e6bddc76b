package dev.tidemill.schema;

/// A change set that was applied.
///
/// @param file its place on the class path
/// @param millis how long it took
public record AppliedChange(String id, String file, long millis) {}
