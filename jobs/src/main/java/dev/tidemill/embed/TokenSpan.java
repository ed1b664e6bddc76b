package dev.tidemill.embed;

/// Where one token stands in its text, in chars.
///
/// @param start first char of the token
/// @param end char after the token
public record TokenSpan(int start, int end) {}
