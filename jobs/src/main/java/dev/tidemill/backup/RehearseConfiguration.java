package dev.tidemill.backup;

import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.Plan;
import dev.tidemill.run.Prepared;
import dev.tidemill.run.Progress;
import dev.tidemill.run.Steps;
import dev.tidemill.schema.AppliedChange;
import dev.tidemill.schema.Change;
import dev.tidemill.schema.PlannedChange;
import dev.tidemill.schema.Schema;
import dev.tidemill.schema.SchemaChangeFailed;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// The rehearsal: a backup becomes a scratch database, on which the change sets that it lacks are applied and timed.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RehearseProperties.class)
class RehearseConfiguration {

    static final String JOB = "rehearse";
    private static final String PROGRAM = "program";
    private static final String OUT_OF_ORDER = "outOfOrder";
    private static final String APPLYING = "applying";
    private static final String APPLIED = "rehearse.applied";
    private static final int SLOWEST = 5;

    @Bean
    Job rehearseJob(
            Steps steps,
            Scratch scratch,
            Premises premises,
            LoadingSteps loading,
            @Qualifier("drillDiscardStep") Step discard) {
        Step renew =
                steps.workInEveryRun("renew", step -> renew(step, premises)).build();
        return loading.everything(steps.job(JOB), renew)
                .next(steps.work("apply", step -> apply(step, scratch, premises))
                        .build())
                .next(discard)
                .build();
    }

    @Bean
    JobDefinition rehearseDefinition(
            @Qualifier("rehearseJob") Job job,
            ScratchRequests requests,
            Premises premises,
            RehearseProperties properties) {
        return JobDefinition.of(job, "applies the schema changes that are to come to a restored backup, and times them")
                .parameter(JobParameter.text(Parameters.BACKUP, "id of a backup, or latest")
                        .orElse("latest"))
                .parameter(JobParameter.flag(
                        OUT_OF_ORDER, "also change sets that come before some that were applied already"))
                .prepared((asker, given) -> {
                    Map<String, String> parameters = new HashMap<>(requests.prepare(asker, given, JOB));
                    parameters.put(PROGRAM, program(premises));
                    return new Prepared("rehearsal of schema changes", parameters);
                })
                .planned((asker, given) -> plan(asker, given, requests, premises))
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    private static DataSource live(Premises premises) {
        return premises.database().source("tidemill rehearse", "");
    }

    /// Says which change sets this program has: another version that took the run over would rehearse its own.
    private static String program(Premises premises) {
        List<Change> all = Schema.status(live(premises));
        return all.size() + " change sets up to " + all.getLast().id();
    }

    private static Plan plan(UUID asker, Map<String, String> given, ScratchRequests requests, Premises premises) {
        Plan restore = requests.plan(asker, given, JOB);
        List<String> notes = new ArrayList<>(restore.notes());
        List<PlannedChange> missing = Schema.plan(live(premises));
        notes.add(
                missing.isEmpty()
                        ? "the live database lacks no change set: only what the backup lacks would be applied"
                        : "the live database lacks "
                                + missing.stream().map(PlannedChange::id).collect(Collectors.joining(", ")));
        return new Plan(
                restore.counts(), 0, restore.cost(), restore.time(), restore.diskBytes(), notes, restore.world());
    }

    private static Draft draft(StepExecution step, Premises premises) {
        return new Draft(premises.database(), Parameters.text(step, Parameters.DATABASE));
    }

    /// A copy that an earlier run had begun to change is made anew: a rehearsal tells how long all of the changes take,
    /// and those that a killed run applied would be missing from that.
    private static void renew(StepExecution step, Premises premises) throws SQLException {
        Draft draft = draft(step, premises);
        boolean there =
                Draft.made(premises.database()).stream().anyMatch(made -> made.startsWith(draft.draftName() + "\t"));
        if (there
                && !step.getJobExecution().getExecutionContext().containsKey(APPLIED)
                && draft.hasSchema()
                && draft.secondsUntil(APPLYING) != null) {
            draft.discard();
        }
    }

    private static void apply(StepExecution step, Scratch scratch, Premises premises) throws SQLException {
        String expected = Parameters.text(step, PROGRAM);
        if (!expected.equals(program(premises))) {
            throw new IllegalStateException("this process has " + program(premises) + ", and the rehearsal is of "
                    + expected + ": a server of another version took it. Stop that server, then rehearse again");
        }
        DataSource copy = scratch.source(step.getJobExecution());
        boolean outOfOrder = Boolean.parseBoolean(step.getJobParameters().getString(OUT_OF_ORDER));
        draft(step, premises).moment(APPLYING);
        long start = System.nanoTime();
        List<AppliedChange> applied;
        try {
            applied = Schema.rehearse(copy, outOfOrder);
        } catch (SchemaChangeFailed e) {
            // Operators are shown the innermost message, and this one names the change set.
            IllegalStateException told = new IllegalStateException(e.getMessage());
            told.addSuppressed(e);
            throw told;
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        step.getJobExecution().getExecutionContext().putString(APPLIED, "true");
        List<String> drift = Schema.drift(copy);
        Progress.message(
                step.getJobExecution().getExecutionContext(),
                told(Parameters.text(step, Parameters.BACKUP), applied, seconds, Schema.openBackfills(copy))
                        + (drift.isEmpty() ? "" : "; then past the change sets: " + String.join("; ", drift)));
    }

    private static String told(String backup, List<AppliedChange> applied, double seconds, List<String> backfills) {
        if (applied.isEmpty()) {
            return "backup " + backup + " lacks no change set";
        }
        return String.format(
                        Locale.ROOT,
                        "%d change sets in %.1f s on backup %s, which was restored",
                        applied.size(),
                        seconds,
                        backup)
                + "; the slowest: "
                + applied.stream()
                        .sorted(Comparator.comparing(AppliedChange::millis).reversed())
                        .limit(SLOWEST)
                        .map(change -> change.id() + " " + change.millis() + " ms")
                        .collect(Collectors.joining(", "))
                + (backfills.isEmpty() ? "" : "; then to be filled in: " + String.join(", ", backfills));
    }
}
