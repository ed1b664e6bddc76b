package dev.tidemill.schema;

/// One change set of the schema.
///
/// @param file its place on the class path
/// @param applied whether the database has it
public record Change(String id, String author, String file, boolean applied) {}
