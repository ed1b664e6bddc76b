package dev.tidemill.run;

import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;

/// The counts that a step keeps in its execution context, committed with every chunk.
public final class Progress {

    static final String TOTAL = "progress.total";
    static final String REFUSED = "progress.refused";

    /// What earlier executions of the step did.
    static final String BEFORE = "progress.before";

    static final String PACE = "progress.pace";

    static final String MESSAGE = "run.message";

    private Progress() {}

    /// States how many items the step has to do; a resumed step adds what it did before.
    public static void total(ExecutionContext context, long items) {
        context.putLong(TOTAL, items);
    }

    /// Counts items given up on.
    public static void refused(ExecutionContext context, long items) {
        context.putLong(REFUSED, context.getLong(REFUSED, 0) + items);
    }

    /// Leaves a message with the run, for its operator; `context` is that of the job execution.
    public static void message(ExecutionContext context, String message) {
        context.putString(MESSAGE, message);
    }

    /// As [#message(ExecutionContext, String)], after what was said before.
    public static void addMessage(ExecutionContext context, String message) {
        String before = message(context);
        message(context, before == null ? message : before + "; " + message);
    }

    static @Nullable String message(ExecutionContext context) {
        return context.containsKey(MESSAGE) ? context.getString(MESSAGE) : null;
    }

    static long total(ExecutionContext context) {
        return context.getLong(TOTAL, 0);
    }

    static long before(ExecutionContext context) {
        return context.getLong(BEFORE, 0);
    }

    static void before(ExecutionContext context, long items) {
        context.putLong(BEFORE, items);
    }

    /// Null before the step opened, and for a step that is not made of chunks.
    static @Nullable Pace pace(ExecutionContext context) {
        return context.containsKey(PACE) ? Pace.parse(context.getString(PACE)) : null;
    }

    static void pace(ExecutionContext context, Pace pace) {
        context.putString(PACE, pace.text());
    }

    static long refused(ExecutionContext context) {
        return context.getLong(REFUSED, 0);
    }
}
