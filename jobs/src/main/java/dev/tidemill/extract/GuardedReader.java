package dev.tidemill.extract;

import dev.tidemill.document.RefusalReason;
import java.io.IOException;
import java.io.Reader;

/// Lets a parser read only while there is time, and only so far without reporting progress: a parser that buffers
/// one endless token is stopped before it fills the memory.
final class GuardedReader extends Reader {

    /// Longest run of text a parser may take in without a single event.
    static final int MAX_TOKEN = 8 * 1024 * 1024;

    private final Reader source;
    private final TimeBudget time;
    private long sinceProgress;
    private boolean bounded = true;

    GuardedReader(Reader source, TimeBudget time) {
        this.source = source;
        this.time = time;
    }

    void progressed() {
        sinceProgress = 0;
    }

    /// For a parser that buffers no more than a line.
    GuardedReader unbounded() {
        bounded = false;
        return this;
    }

    @Override
    public int read(char[] buffer, int offset, int length) throws IOException {
        time.check();
        int count = source.read(buffer, offset, Math.min(length, 65_536));
        sinceProgress += Math.max(0, count);
        if (bounded && sinceProgress > MAX_TOKEN) {
            throw new RefusedException(
                    RefusalReason.CORRUPT, "One value or tag in it is longer than " + MAX_TOKEN + " characters.");
        }
        return count;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
