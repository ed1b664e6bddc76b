package dev.tidemill.run;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How far a step is and when it will be done, from what it has committed.
///
/// @param done items through the step over all runs of the launch, whatever became of them
/// @param total items there are, null while unknown
/// @param rate items a second, those of the last minute counting most; null while estimating
/// @param estimating whether fewer than 3 commits or 10 seconds have been seen
/// @param etaSeconds time left at that rate, null when it cannot be told
/// @param etaLowSeconds time left at the rate of the fastest tenth of the newest chunks
/// @param etaHighSeconds time left at the rate of the slowest tenth
/// @param stalled whether nothing was committed for a minute and for 5 times as long as a chunk takes
/// @param lastCommit null before the first
public record StepProgress(
        long done,
        @Nullable Long total,
        @Nullable Double rate,
        boolean estimating,
        @Nullable Long etaSeconds,
        @Nullable Long etaLowSeconds,
        @Nullable Long etaHighSeconds,
        boolean stalled,
        @Nullable Instant lastCommit) {

    /// A step, or one partition of it, as its execution context says.
    ///
    /// @param before items done by earlier runs
    /// @param items items done by this one
    /// @param left items that this one had to do, 0 while unknown
    /// @param pace null for a step that is not made of chunks
    record Part(
            long before, long items, long left, @Nullable Pace pace, boolean running) {}

    /// What is left is divided among the parts that still run, so their rates add up.
    static StepProgress of(List<Part> parts, Instant now) {
        long done = 0;
        long total = 0;
        boolean totalKnown = !parts.isEmpty();
        boolean estimating = false;
        boolean stalled = false;
        boolean running = false;
        double rate = 0;
        double slow = 0;
        double fast = 0;
        Instant last = null;
        for (Part part : parts) {
            done += part.before() + part.items();
            // More may have come to light than was counted at the start.
            total += part.before() + Math.max(part.left(), part.items());
            totalKnown &= part.left() > 0;
            Pace pace = part.pace();
            if (pace != null
                    && pace.commits() > 0
                    && (last == null || pace.lastCommit().isAfter(last))) {
                last = pace.lastCommit();
            }
            if (!part.running()) {
                continue;
            }
            running = true;
            if (pace == null) {
                estimating = true;
                continue;
            }
            estimating |= pace.estimating(now);
            stalled |= pace.stalled(now);
            rate += pace.rate();
            slow += pace.slow();
            fast += pace.fast();
        }
        boolean told = running && !estimating;
        Eta eta = told && totalKnown && !stalled ? Eta.of(total - done, rate, slow, fast, last, now) : Eta.UNKNOWN;
        return new StepProgress(
                done,
                totalKnown ? total : null,
                told ? rate : null,
                running && estimating,
                eta.seconds(),
                eta.low(),
                eta.high(),
                stalled,
                last);
    }

    private record Eta(
            @Nullable Long seconds,
            @Nullable Long low,
            @Nullable Long high) {

        static final Eta UNKNOWN = new Eta(null, null, null);

        /// What was left at the last commit takes so much less as time has gone by since.
        static Eta of(long left, double rate, double slow, double fast, @Nullable Instant last, Instant now) {
            double since = last == null
                    ? 0
                    : Math.max(0, java.time.Duration.between(last, now).toMillis() / 1_000.0);
            double likely = left / rate;
            Long seconds = whole(likely - since);
            Long low = whole(Math.min(likely, fast > 0 ? left / fast : likely) - since);
            Long high = slow > 0 ? whole(Math.max(likely, left / slow) - since) : null;
            return new Eta(seconds, low, high);
        }

        private static long whole(double seconds) {
            return Math.round(Math.max(0, seconds));
        }
    }
}
