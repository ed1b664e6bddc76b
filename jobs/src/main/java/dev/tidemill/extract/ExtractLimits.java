package dev.tidemill.extract;

import java.time.Duration;

/// What reading one file may cost. Time the receiver of the blocks takes for itself is not counted.
///
/// @param timeout longest time of reading one file
/// @param childMemoryBytes heap of a child JVM, at least 32 MiB
/// @param maxFileBytes largest file that is read at all
/// @param maxTextChars most text of one file, in chars
public record ExtractLimits(Duration timeout, long childMemoryBytes, long maxFileBytes, long maxTextChars) {

    private static final long MIB = 1024 * 1024;

    public ExtractLimits {
        if (timeout.isZero() || timeout.isNegative()) {
            throw new IllegalArgumentException("timeout is " + timeout + ", it must be positive");
        }
        if (childMemoryBytes < 32 * MIB) {
            throw new IllegalArgumentException(
                    "childMemoryBytes is " + childMemoryBytes + ", a parser process needs at least " + 32 * MIB);
        }
        if (maxFileBytes < 1 || maxTextChars < 1) {
            throw new IllegalArgumentException("maxFileBytes is " + maxFileBytes + " and maxTextChars " + maxTextChars
                    + ", both must be positive");
        }
    }

    /// 60 seconds, 256 MiB for a child, files of 100 MiB and 128 Mi chars of text, so that the largest text file
    /// fits.
    public static ExtractLimits defaults() {
        return new ExtractLimits(Duration.ofSeconds(60), 256 * MIB, 100 * MIB, 128 * MIB);
    }
}
