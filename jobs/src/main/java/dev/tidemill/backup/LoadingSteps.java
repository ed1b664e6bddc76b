package dev.tidemill.backup;

import java.util.List;
import java.util.stream.Stream;
import org.springframework.batch.core.job.builder.JobBuilder;
import org.springframework.batch.core.job.builder.SimpleJobBuilder;
import org.springframework.batch.core.step.Step;

/// The steps that make a database of a backup, in the order in which they run: whatever job begins with them gets all
/// of them, and those that are added later.
///
/// @param rows until every row is loaded and has its keys
/// @param indexes until everything is there, vector indexes too
public record LoadingSteps(List<Step> rows, List<Step> indexes) {

    public LoadingSteps {
        rows = List.copyOf(rows);
        indexes = List.copyOf(indexes);
    }

    /// Begins a job with those that load every row.
    public SimpleJobBuilder rows(JobBuilder job) {
        return after(job, rows);
    }

    /// Begins a job with all of them.
    public SimpleJobBuilder everything(JobBuilder job) {
        return after(job, Stream.concat(rows.stream(), indexes.stream()).toList());
    }

    /// As above, behind a step.
    SimpleJobBuilder everything(JobBuilder job, Step before) {
        return after(
                job,
                Stream.of(List.of(before), rows, indexes).flatMap(List::stream).toList());
    }

    private static SimpleJobBuilder after(JobBuilder job, List<Step> steps) {
        SimpleJobBuilder begun = job.start(steps.getFirst());
        for (Step step : steps.subList(1, steps.size())) {
            begun = begun.next(step);
        }
        return begun;
    }
}
