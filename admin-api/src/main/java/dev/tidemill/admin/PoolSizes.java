package dev.tidemill.admin;

/// How many connections a pool gets where nobody said it; docs/operations.md tells the reasons.
final class PoolSizes {

    /// The clock's threads, its lock, its check-in.
    static final int SCHEDULES = 6;

    /// One for the chunk and one for what a step commits beside it: with fewer, runs could wait for each other for
    /// ever.
    private static final int CONNECTIONS_PER_RUN = 2;

    /// Dispatcher, alerts, and requests that look at runs.
    private static final int PLATFORM = 4;

    private PoolSizes() {}

    /// @param runs that this process works on at a time
    static int batch(int runs, int cores) {
        return Math.clamp(Math.max(CONNECTIONS_PER_RUN * runs + PLATFORM, 3L * cores), 8, 48);
    }

    /// A query is computing in the database most of its time: more connections than a few for each core only queue
    /// there.
    static int app(int cores) {
        return Math.clamp(4L * cores, 8, 32);
    }
}
