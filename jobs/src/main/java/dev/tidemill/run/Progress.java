package dev.tidemill.run;

import org.springframework.batch.infrastructure.item.ExecutionContext;

/// The counts that a step keeps in its execution context, committed with every chunk.
public final class Progress {

    static final String TOTAL = "progress.total";
    static final String REFUSED = "progress.refused";

    private Progress() {}

    /// States how many items the step has to do; a resumed step adds what it did before.
    public static void total(ExecutionContext context, long items) {
        context.putLong(TOTAL, items);
    }

    /// Counts items given up on.
    public static void refused(ExecutionContext context, long items) {
        context.putLong(REFUSED, context.getLong(REFUSED, 0) + items);
    }

    static long total(ExecutionContext context) {
        return context.getLong(TOTAL, 0);
    }

    static long refused(ExecutionContext context) {
        return context.getLong(REFUSED, 0);
    }
}
