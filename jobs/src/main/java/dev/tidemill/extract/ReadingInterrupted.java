package dev.tidemill.extract;

/// Carries an interruption out of a parser that knows no [InterruptedException].
final class ReadingInterrupted extends RuntimeException {

    ReadingInterrupted() {
        super("interrupted while reading a file");
    }
}
