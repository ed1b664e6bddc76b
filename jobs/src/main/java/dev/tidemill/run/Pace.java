package dev.tidemill.run;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// How fast a step commits, as one execution of it has found out so far. Kept as one line of text in the step's
/// execution context, so that it commits and rolls back with what it counts.
///
/// @param started when this execution opened the step
/// @param lastCommit when it last committed, its start before the first time
/// @param commits chunks committed by it
/// @param items items committed by it
/// @param recentItems items, weighted by their age: half as old as a minute counts `e^-0.5`
/// @param recentMillis time, weighted the same way
/// @param chunks the newest chunks, oldest first
record Pace(
        Instant started,
        Instant lastCommit,
        long commits,
        long items,
        double recentItems,
        double recentMillis,
        List<ChunkTime> chunks) {

    static final Duration WINDOW = Duration.ofSeconds(60);
    static final int FEWEST_COMMITS = 3;
    static final Duration SHORTEST = Duration.ofSeconds(10);
    static final Duration STALL = Duration.ofSeconds(60);
    static final int STALL_CHUNKS = 5;

    /// Chunks remembered, for the median and the band.
    private static final int REMEMBERED = 30;

    private static final String VERSION = "1";

    /// What one chunk took.
    record ChunkTime(long millis, long items) {}

    Pace {
        chunks = List.copyOf(chunks);
    }

    static Pace start(Instant now) {
        return new Pace(now, now, 0, 0, 0, 0, List.of());
    }

    /// After a commit.
    ///
    /// @param all items committed by this execution, those of the new commit included
    Pace committed(Instant now, long all) {
        // A clock that was set back makes no negative time.
        long millis = Math.max(1, Duration.between(lastCommit, now).toMillis());
        long more = Math.max(0, all - items);
        double kept = Math.exp(-(double) millis / WINDOW.toMillis());
        List<ChunkTime> newest = new ArrayList<>(chunks);
        newest.add(new ChunkTime(millis, more));
        if (newest.size() > REMEMBERED) {
            newest.removeFirst();
        }
        return new Pace(
                started,
                now,
                commits + 1,
                items + more,
                recentItems * kept + more,
                recentMillis * kept + millis,
                newest);
    }

    /// Whether too little has been seen to tell a rate.
    boolean estimating(Instant now) {
        return commits < FEWEST_COMMITS || Duration.between(started, now).compareTo(SHORTEST) < 0 || rate() == 0;
    }

    /// Items a second, those of the last minute counting most; 0 before the first.
    double rate() {
        return recentMillis == 0 ? 0 : 1_000 * recentItems / recentMillis;
    }

    /// The rate below which, or above which, a tenth of the newest chunks were.
    double slow() {
        return quantile(0.1);
    }

    double fast() {
        return quantile(0.9);
    }

    private double quantile(double share) {
        double[] rates = chunks.stream()
                .mapToDouble(chunk -> 1_000.0 * chunk.items() / chunk.millis())
                .sorted()
                .toArray();
        if (rates.length == 0) {
            return 0;
        }
        double position = share * (rates.length - 1);
        int below = (int) position;
        int above = Math.min(below + 1, rates.length - 1);
        return rates[below] + (position - below) * (rates[above] - rates[below]);
    }

    /// Whether a commit is overdue: none for a minute, or for five times as long as chunks take, whichever is
    /// longer.
    boolean stalled(Instant now) {
        Duration patience = medianChunk().multipliedBy(STALL_CHUNKS);
        return Duration.between(lastCommit, now).compareTo(patience.compareTo(STALL) > 0 ? patience : STALL) >= 0;
    }

    Duration medianChunk() {
        long[] millis = chunks.stream().mapToLong(ChunkTime::millis).sorted().toArray();
        if (millis.length == 0) {
            return Duration.ZERO;
        }
        return Duration.ofMillis((millis[(millis.length - 1) / 2] + millis[millis.length / 2]) / 2);
    }

    String text() {
        return VERSION + "|" + started.toEpochMilli() + "|" + lastCommit.toEpochMilli() + "|" + commits + "|" + items
                + "|"
                + (float) recentItems + "|" + (float) recentMillis + "|"
                + chunks.stream()
                        .map(chunk -> chunk.millis() + ":" + chunk.items())
                        .collect(Collectors.joining(","));
    }

    /// Null for a text of another version.
    static @Nullable Pace parse(String text) {
        String[] parts = text.split("\\|", -1);
        if (!parts[0].equals(VERSION)) {
            return null;
        }
        List<ChunkTime> chunks = parts[7].isEmpty()
                ? List.of()
                : Arrays.stream(parts[7].split(",", -1))
                        .map(chunk -> chunk.split(":", -1))
                        .map(pair -> new ChunkTime(Long.parseLong(pair[0]), Long.parseLong(pair[1])))
                        .toList();
        return new Pace(
                Instant.ofEpochMilli(Long.parseLong(parts[1])),
                Instant.ofEpochMilli(Long.parseLong(parts[2])),
                Long.parseLong(parts[3]),
                Long.parseLong(parts[4]),
                Double.parseDouble(parts[5]),
                Double.parseDouble(parts[6]),
                chunks);
    }
}
