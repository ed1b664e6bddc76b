package dev.tidemill.prune;

/// Something that its retention is over for.
///
/// @param key what it is found by again
/// @param label for people
/// @param bytes that it takes, as far as is known
record Doomed(String key, String label, long bytes) {}
