package dev.tidemill.run;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/// What became of the items of one step execution: those of the chunk in work, and the counts that the skip budget
/// judges.
final class ItemLedger<I, O> {

    private static final String SEEN = "items.seen";
    private static final String GROUP = "items.refused.";

    private final StepExecution step;
    private final JobPolicy.Skip limits;
    private final @Nullable Items<I> items;
    private final JdbcClient jdbc;
    private final DeadLetters letters;
    private final boolean careful;
    private final List<GivenUp<I>> givenUp = new ArrayList<>();
    private final List<I> fine = new ArrayList<>();
    private final IdentityHashMap<O, I> origins = new IdentityHashMap<>();
    private @Nullable SkipBudgetSpent spent;

    ItemLedger(
            StepExecution step,
            JobPolicy.Skip limits,
            @Nullable Items<I> items,
            JdbcClient jdbc,
            DeadLetters letters,
            boolean careful) {
        this.careful = careful;
        this.step = step;
        this.limits = limits;
        this.items = items;
        this.jdbc = jdbc;
        this.letters = letters;
    }

    private record GivenUp<I>(I item, DataError error) {}

    /// Whether each item is to be noted before it is worked on.
    boolean careful() {
        return careful;
    }

    StepExecution step() {
        return step;
    }

    synchronized void processed(I item, @Nullable O output) {
        if (items == null) {
            return;
        }
        fine.add(item);
        if (output != null) {
            origins.put(output, item);
        }
    }

    /// Gives an item up.
    ///
    /// @return false when the step does not say how its items are called, so that there can be no letter
    synchronized boolean giveUp(I item, DataError error) {
        return items != null && givenUp.add(new GivenUp<>(item, error));
    }

    /// As [#giveUp], by what the processor made of the item.
    synchronized void giveUpOutput(O output, DataError error) {
        I item = origins.get(output);
        if (item == null) {
            throw new IllegalStateException("a writer gave up on something that is not in its chunk", error);
        }
        fine.removeIf(one -> one == item);
        giveUp(item, error);
    }

    String name(I item) {
        return items == null ? "an item" : items.key(item);
    }

    /// Writes letters, settles those of items that went well this time, and counts: in the chunk's transaction,
    /// after its other rows.
    synchronized void settle() {
        if (items == null) {
            return;
        }
        UUID workspace = UUID.fromString(String.valueOf(step.getJobParameters().getString(Runs.WORKSPACE)));
        String job = step.getJobExecution().getJobInstance().getJobName();
        jdbc.sql("SELECT set_config('tidemill.workspace_id', :workspace, true)")
                .param("workspace", workspace.toString())
                .query(String.class)
                .single();
        for (GivenUp<I> one : givenUp) {
            items.givenUp(one.item(), one.error());
            letters.record(new DeadLetters.Entry(
                    workspace,
                    job,
                    step.getStepName(),
                    items.key(one.item()),
                    items.versionId(one.item()),
                    step.getJobExecutionId(),
                    ErrorClass.DATA,
                    one.error().reason(),
                    String.valueOf(one.error().getMessage()),
                    items.payload(one.item()),
                    one.error().getCause()));
        }
        letters.resolve(
                workspace,
                job,
                step.getStepName(),
                fine.stream().map(items::key).toList());
        count(job);
        givenUp.clear();
        fine.clear();
        origins.clear();
    }

    private void count(String job) {
        ExecutionContext context = step.getExecutionContext();
        long seen = context.getLong(SEEN, 0) + givenUp.size() + fine.size();
        context.putLong(SEEN, seen);
        if (givenUp.isEmpty()) {
            return;
        }
        Progress.refused(context, givenUp.size());
        for (GivenUp<I> one : givenUp) {
            String group = GROUP + one.error().reason();
            context.putLong(group, context.getLong(group, 0) + 1);
        }
        long refused = Progress.refused(context);
        String limit = null;
        if (limits.count() > 0 && refused > limits.count()) {
            limit = limits.count() + " (" + job + ".run.skip.count)";
        } else if (seen >= limits.afterItems() && refused * 100 > seen * limits.percentOfItems()) {
            limit = limits.percentOfItems() + " % (" + job + ".run.skip.percent)";
        }
        if (limit != null) {
            spent = new SkipBudgetSpent(refused + " of " + seen + " items of step " + step.getStepName()
                    + " were given up on, more than " + limit + ": " + groups(context)
                    + ". Look at the dead letters, mend the cause and resume the run, or raise the limit");
        }
    }

    private static String groups(ExecutionContext context) {
        Map<String, Long> counts = new TreeMap<>();
        context.entrySet().forEach(entry -> {
            if (entry.getKey().startsWith(GROUP) && entry.getValue() instanceof Number number) {
                counts.put(entry.getKey().substring(GROUP.length()), number.longValue());
            }
        });
        return counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    /// Why the step may not go on, null while it may. The chunk that spent the budget is committed, so that its
    /// letters can be looked at.
    synchronized @Nullable SkipBudgetSpent spent() {
        return spent;
    }
}
