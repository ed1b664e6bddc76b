package dev.tidemill.chunk;

/// How documents are cut. All token counts are the embedding model's and include context header and special tokens.
///
/// @param version the operator's name for this profile; changing it re-chunks every document
/// @param targetTokens where a section that does not fit one chunk is cut, at the best border below
/// @param maxTokens what no chunk exceeds; a section up to this size stays whole. At most what the model takes
/// @param overlapTokens how much of a chunk's end the next one may repeat, in whole sentences; 0 for none
/// @param maxChars what no chunk's text exceeds, for text that has few tokens for its size
public record ChunkProfile(String version, int targetTokens, int maxTokens, int overlapTokens, int maxChars) {

    /// Part of the identity: changes with anything in this package that changes chunks.
    private static final String ALGORITHM = "structural-1";

    private static final int LEAST_TARGET = 32;
    private static final int LEAST_CHARS = 256;
    private static final int MOST_CHARS = 1_000_000;

    public ChunkProfile {
        if (version.isBlank()) {
            throw new IllegalArgumentException("chunk profile: version is blank");
        }
        if (targetTokens < LEAST_TARGET) {
            throw new IllegalArgumentException(
                    "chunk profile: targetTokens is " + targetTokens + ", at least " + LEAST_TARGET + " is needed");
        }
        if (maxTokens < targetTokens) {
            throw new IllegalArgumentException(
                    "chunk profile: maxTokens is " + maxTokens + ", less than targetTokens " + targetTokens);
        }
        if (overlapTokens < 0 || overlapTokens > targetTokens / 2) {
            throw new IllegalArgumentException("chunk profile: overlapTokens is " + overlapTokens
                    + ", allowed is 0 to half of targetTokens, " + targetTokens / 2);
        }
        if (maxChars < LEAST_CHARS || maxChars > MOST_CHARS) {
            throw new IllegalArgumentException(
                    "chunk profile: maxChars is " + maxChars + ", allowed is " + LEAST_CHARS + " to " + MOST_CHARS);
        }
    }

    /// Names everything that decides over the chunks of a document, so that a stored one shows whether it is up to
    /// date.
    public String id() {
        return ALGORITHM + ":" + version + ":" + targetTokens + ":" + maxTokens + ":" + overlapTokens + ":" + maxChars;
    }
}
