package dev.tidemill.precaution;

import dev.tidemill.run.ChildRuns;
import dev.tidemill.run.Control;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunView;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Sees to it that there is a backup before something is destroyed.
public final class Precautions {

    private static final String BACKUP = "backup";
    private static final String ASKED = "precaution.why";

    private final Control control;
    private final ChildRuns children;

    Precautions(Control control, ChildRuns children) {
        this.control = control;
        this.children = children;
    }

    /// When the newest whole backup of everything showed the database; empty where none was ever made.
    public Optional<Instant> newest() {
        JdbcClient jdbc = control.jdbc();
        return control.call(() -> jdbc.sql("""
                        SELECT max(snapshot_at) FROM backups WHERE state = 'complete' AND scope IN ('full', 'cluster')
                        """)
                .query((row, number) -> Optional.ofNullable(row.getObject(1, OffsetDateTime.class))
                        .map(OffsetDateTime::toInstant))
                .single());
    }

    /// Why there is reason for a precaution, empty where there is none.
    ///
    /// @param destroyed rows that would be
    public Optional<String> reason(BackupBefore rule, long destroyed) {
        if (rule.what() == BackupBefore.Mode.OFF || destroyed < rule.least() || destroyed == 0) {
            return Optional.empty();
        }
        Optional<Instant> newest = newest();
        if (newest.isEmpty()) {
            return Optional.of("no backup of everything was ever made");
        }
        Duration age = Duration.between(newest.get(), Instant.now());
        return age.compareTo(rule.age()) <= 0
                ? Optional.empty()
                : Optional.of("the newest whole backup of everything is of " + newest.get() + ", older than "
                        + text(rule.age()));
    }

    private static String text(Duration age) {
        return age.toHours() > 0 ? age.toHours() + " h" : age.toMinutes() + " min";
    }

    /// What became of it.
    ///
    /// @param goesOn the step has to ask again
    /// @param told what is to be said of it, empty for nothing
    public record Taken(boolean goesOn, String told) {}

    /// Does what the rule says, as a step that may be run again.
    ///
    /// @param what would be destroyed, in words
    /// @param evenTheFirst whether a backup is taken, or its lack is an obstacle, where none was ever made
    /// @throws IllegalStateException when nothing may be destroyed
    public Taken before(StepExecution step, BackupBefore rule, long destroyed, String what, boolean evenTheFirst)
            throws InterruptedException {
        ExecutionContext context = step.getExecutionContext();
        String asked = context.containsKey(ASKED) ? context.getString(ASKED) : null;
        Optional<String> reason = reason(rule, destroyed);
        if (reason.isEmpty() && asked == null) {
            return new Taken(false, "");
        }
        // Once the backup is there, there is no reason any more.
        String why = asked != null ? asked : what + ", and " + reason.orElse("");
        String job = step.getJobExecution().getJobInstance().getJobName();
        boolean never = newest().isEmpty();
        if (rule.what() == BackupBefore.Mode.WARN || (never && !evenTheFirst) || !children.knows(BACKUP)) {
            return new Taken(false, why);
        }
        if (rule.what() == BackupBefore.Mode.REFUSE || children.conflict(job, BACKUP)) {
            throw new IllegalStateException(why + ": nothing was changed. Make one with ./tidemill backup create, then"
                    + " resume this run; job-configs/" + job + ".yaml (backup-before) says what is asked for");
        }
        context.putString(ASKED, why);
        RunView run = children.follow(
                step,
                LaunchRequest.of(LaunchRequest.INSTALLATION, BACKUP, Map.of(), job + ":" + step.getJobExecutionId())
                        .by(job, why)
                        .whenBusy(LaunchRequest.WhenBusy.QUEUE)
                        .identifiedBy(
                                "before-" + job + "-" + step.getJobExecution().getJobInstanceId()));
        if (ChildRuns.goesOn(run)) {
            children.await(step, run);
            return new Taken(true, why + ": run " + run.id() + " makes one");
        }
        if (!ChildRuns.completed(run)) {
            throw new IllegalStateException(why + "; the one that was to be made (run " + run.id() + ") is "
                    + run.state().name().toLowerCase(Locale.ROOT) + ": " + run.message()
                    + ". Nothing was changed: mend that and resume this run, or say otherwise in job-configs/" + job
                    + ".yaml (backup-before)");
        }
        return new Taken(false, "a backup was taken first (run " + run.id() + ")");
    }
}
