package dev.tidemill.backup;

import dev.tidemill.backup.BackupRows.Drill;
import dev.tidemill.backup.BackupRows.Finding;
import dev.tidemill.backup.Catalogue.Archive;
import dev.tidemill.backup.PostData.Later;
import dev.tidemill.backup.PostData.Stage;
import dev.tidemill.backup.PostData.Work;
import dev.tidemill.run.Control;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.LeaseCheck;
import dev.tidemill.run.alerts.Event;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.run.alerts.Severity;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.listener.JobExecutionListener;
import org.springframework.batch.core.step.StepExecution;
import tools.jackson.databind.json.JsonMapper;

/// What restores and drills do, step by step. All that is done to the new database is noted in it, in the
/// transaction that does it, so a step that is run again finds what is left.
final class RestoreJob implements JobExecutionListener {

    static final String RESTORE = "restore";
    static final String DRILL = "drill";

    private static final Logger log = LoggerFactory.getLogger(RestoreJob.class);
    private static final String TROUBLE = "backup/drill";
    private static final String FINDINGS = "drill.findings";
    private static final String RECOVERED = "drill.recovered";

    private final Premises premises;
    private final Depot depot;
    private final BackupRows rows;
    private final Questions questions;
    private final RestoreProperties properties;
    private final DrillProperties drill;
    private final Control control;
    private final LeaseCheck leases;
    private final Outbox outbox;
    private final Scratch scratch;

    RestoreJob(
            Premises premises,
            Depot depot,
            BackupRows rows,
            Questions questions,
            RestoreProperties properties,
            DrillProperties drill,
            Control control,
            LeaseCheck leases,
            Scratch scratch) {
        this.scratch = scratch;
        this.premises = premises;
        this.depot = depot;
        this.rows = rows;
        this.questions = questions;
        this.properties = properties;
        this.drill = drill;
        this.control = control;
        this.leases = leases;
        this.outbox = new Outbox(control.jdbc());
    }

    private Archive archive(StepExecution step) {
        return depot.catalogue().open(Parameters.text(step, Parameters.BACKUP));
    }

    Draft draft(StepExecution step) {
        return new Draft(premises.database(), Parameters.text(step, Parameters.DATABASE));
    }

    private static @Nullable UUID only(StepExecution step) {
        String only = Parameters.optional(step, Parameters.WORKSPACE_ONLY);
        return only == null ? null : UUID.fromString(only);
    }

    /// Refuses before anything is touched.
    void preflight(StepExecution step) throws SQLException {
        Draft draft = draft(step);
        if (Scratch.over(step.getJobExecution()) || (draft.finished() && resumed(step))) {
            return;
        }
        List<String> obstacles = Preflight.of(archive(step).manifest(), premises.database(), draft)
                .obstacles();
        if (!obstacles.isEmpty()) {
            throw new IllegalStateException("the backup cannot be restored here: " + String.join("; ", obstacles));
        }
        scratch.sweep();
    }

    /// Whether there is nothing left to be done to the database: it has its name, or was looked at and removed.
    private static boolean over(StepExecution step, Draft draft) throws SQLException {
        return Scratch.over(step.getJobExecution()) || draft.finished();
    }

    /// Whether the comment of the database says that this launch made it.
    private boolean resumed(StepExecution step) throws SQLException {
        String comment = comment(step);
        String name = Parameters.text(step, Parameters.DATABASE);
        return Draft.made(premises.database()).contains(name + "\t" + comment);
    }

    private String comment(StepExecution step) {
        return Draft.comment(Parameters.text(step, Parameters.BACKUP), Scratch.run(premises, step.getJobExecution()));
    }

    void create(StepExecution step) throws SQLException, IOException {
        Draft draft = draft(step);
        if (over(step, draft)) {
            return;
        }
        Archive archive = archive(step);
        draft.create(comment(step));
        if (!draft.hasSchema()) {
            draft.prepare(
                    archive.manifest().roles(),
                    archive.manifest().owner(),
                    sql(archive, Manifest.Kind.PRE_DATA),
                    began(step.getJobExecution()));
        }
    }

    private static String sql(Archive archive, Manifest.Kind kind) throws IOException {
        StringBuilder sql = new StringBuilder();
        for (Manifest.Part part : archive.manifest().of(kind)) {
            try (InputStream in = archive.open(part)) {
                sql.append(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return sql.toString();
    }

    /// The parts with rows that are not loaded yet.
    ///
    /// @param late those that no question needs, otherwise those that questions need
    AheadReader<Manifest.Part, Loading.Loaded> loading(StepExecution step, boolean late) {
        Archive archive = archive(step);
        Draft draft = draft(step);
        Sessions sessions = sessions(step, draft);
        Loading loading = new Loading(archive, sessions, only(step));
        return new AheadReader<>(
                        "load",
                        () -> {
                            if (over(step, draft)) {
                                return List.of();
                            }
                            Set<String> loaded = draft.loaded();
                            return archive.manifest().of(Manifest.Kind.ROWS).stream()
                                    .filter(part -> Tables.late(part) == late && !loaded.contains(part.name()))
                                    .toList();
                        },
                        loading::load,
                        properties.threads())
                .on(sessions);
    }

    private static PostData postData(Archive archive) throws SQLException, IOException {
        List<Manifest.Table> tables = archive.manifest().tables();
        return PostData.of(
                sql(archive, Manifest.Kind.POST_DATA),
                tables.stream().collect(Collectors.toMap(Manifest.Table::name, Manifest.Table::rows)),
                tables.stream().map(Manifest.Table::name).filter(Tables::late).collect(Collectors.toSet()));
    }

    /// The statements of these stages that are not done yet, several at a time.
    AheadReader<Work, Work> statements(StepExecution step, Set<Stage> stages) {
        Draft draft = draft(step);
        Archive archive = archive(step);
        Sessions sessions = sessions(step, draft);
        int threads = properties.threads();
        return new AheadReader<Work, Work>(
                        "constrain",
                        () -> over(step, draft) ? List.of() : postData(archive).work(stages, draft.done()),
                        work -> sessions.with(connection -> {
                            Draft.run(connection, work.statements(), memory(work, threads));
                            return work;
                        }),
                        threads)
                .on(sessions);
    }

    /// Vector indexes get all there is, whatever is done beside them the share of one of several.
    private long memory(Work work, int threads) {
        long all = properties.memory().toMegabytes();
        return PostData.vectors(work.statements().getFirst().method()) ? all : Math.max(16, all / threads);
    }

    private Sessions sessions(StepExecution step, Draft draft) {
        return draft.sessions(() -> leases.require(step.getJobExecution()));
    }

    private void inOrder(StepExecution step, Draft draft, PostData postData, Stage... stages) throws Exception {
        Set<Integer> done = draft.done();
        try (Sessions sessions = sessions(step, draft)) {
            for (Stage stage : stages) {
                List<Later> left = postData.left(stage, done);
                if (!left.isEmpty()) {
                    sessions.with(connection -> {
                        Draft.run(connection, left, properties.memory().toMegabytes());
                        return left;
                    });
                }
            }
        }
    }

    /// From here on the rows answer questions, by comparing with every vector.
    void settle(StepExecution step) throws Exception {
        Draft draft = draft(step);
        if (over(step, draft)) {
            return;
        }
        Archive archive = archive(step);
        inOrder(step, draft, postData(archive), Stage.RULES);
        try (Connection connection = draft.database().connect("tidemill restore")) {
            LiveDatabase.execute(connection, "SET synchronous_commit = off");
            for (String sql : Draft.split(sql(archive, Manifest.Kind.SEQUENCES))) {
                LiveDatabase.execute(connection, sql);
            }
            Statistics.ofKeys(connection, archive.manifest(), false);
        }
        draft.moment("readable");
    }

    /// References, without their proof, and what else the tables need that no question does.
    void relate(StepExecution step) throws Exception {
        Draft draft = draft(step);
        if (!over(step, draft)) {
            inOrder(step, draft, postData(archive(step)), Stage.LATE_RULES, Stage.REFERENCES);
        }
    }

    void conclude(StepExecution step) throws Exception {
        Draft draft = draft(step);
        if (over(step, draft)) {
            return;
        }
        Archive archive = archive(step);
        inOrder(step, draft, postData(archive), Stage.LAST);
        try (Connection connection = draft.database().connect("tidemill restore")) {
            LiveDatabase.execute(connection, "SET synchronous_commit = off");
            Statistics.ofKeys(connection, archive.manifest(), true);
        }
        draft.moment("indexed");
    }

    void clean(StepExecution step) throws SQLException {
        Draft draft = draft(step);
        if (over(step, draft)) {
            return;
        }
        CleanStart.make(draft.database(), only(step));
    }

    void finish(StepExecution step) throws SQLException {
        Draft draft = draft(step);
        if (over(step, draft)) {
            return;
        }
        log.info(
                "backup {} was restored as {}: readable after {} s, whole after {} s",
                Parameters.text(step, Parameters.BACKUP),
                draft.name(),
                draft.secondsUntil("readable"),
                draft.secondsUntil("indexed"));
        draft.finish(archive(step).manifest().owner());
    }

    /// Recovers the private cluster to a moment of its past, in a folder of this launch.
    void recover(StepExecution step, PointInTimeDrill drill) throws InterruptedException {
        Optional<RecoverySource> source = drill.source();
        if (source.isEmpty()) {
            return;
        }
        // One of its own for each try: a server that a killed process left may still be at work in the last one.
        Path folder = scratch.folder(step.getJobExecution()).resolve("run-" + step.getJobExecutionId());
        List<Finding> findings = drill.run(source.get(), folder);
        step.getJobExecution()
                .getExecutionContext()
                .putString(RECOVERED, JsonMapper.shared().writeValueAsString(findings));
    }

    private static List<Finding> recovered(JobExecution execution) {
        return execution.getExecutionContext().containsKey(RECOVERED)
                ? List.of(JsonMapper.shared()
                        .readValue(execution.getExecutionContext().getString(RECOVERED), Finding[].class))
                : List.of();
    }

    /// Looks through the copy and keeps what was found; judged later, when the copy is gone.
    void examine(StepExecution step) throws SQLException {
        if (Scratch.over(step.getJobExecution())) {
            return;
        }
        Draft draft = draft(step);
        Archive archive = archive(step);
        List<Finding> findings =
                new ArrayList<>(new Examination(archive, draft.database(), questions, drill).everything());
        Instant began = began(step.getJobExecution());
        // The level is that of the logical backup alone.
        int level = Examination.level(findings);
        findings.addAll(recovered(step.getJobExecution()));
        boolean passed = findings.stream().allMatch(Finding::well);
        rows.add(
                new Drill(
                        archive.manifest().id(),
                        step.getJobExecutionId(),
                        began,
                        null,
                        passed,
                        level,
                        draft.secondsUntil("readable"),
                        draft.secondsUntil("indexed"),
                        Duration.between(archive.manifest().snapshotAt(), began).toMillis() / 1e3,
                        findings),
                step.getJobExecution().getJobInstanceId());
        step.getJobExecution()
                .getExecutionContext()
                .putString(FINDINGS, JsonMapper.shared().writeValueAsString(findings));
        Catalogue catalogue = depot.catalogue();
        catalogue.mark(archive, catalogue.marks(archive).atLevel(level, Instant.now()));
        rows.level(archive.manifest().id(), level);
    }

    private static Instant began(JobExecution execution) {
        return execution.getCreateTime().atZone(ZoneId.systemDefault()).toInstant();
    }

    void discard(StepExecution step) throws SQLException {
        scratch.discard(step.getJobExecution());
        Scratch.end(step.getJobExecution());
    }

    /// Fails the run, and with it tells the operators, when something was not well.
    void judge(StepExecution step) {
        String kept = step.getJobExecution().getExecutionContext().getString(FINDINGS);
        List<String> wrong = new ArrayList<>();
        for (Finding finding : JsonMapper.shared().readValue(kept, Finding[].class)) {
            if (!finding.well()) {
                wrong.add(finding.check() + ": " + finding.detail());
            }
        }
        if (!wrong.isEmpty()) {
            throw new BackupDamaged("the drill of backup " + Parameters.text(step, Parameters.BACKUP) + " failed: "
                    + String.join("; ", wrong));
        }
    }

    /// A drill that ends red is told as such, whatever step it ended in.
    @Override
    public void afterJob(JobExecution execution) {
        if (!execution.getJobInstance().getJobName().equals(DRILL)) {
            return;
        }
        String backup = String.valueOf(execution.getJobParameters().getString(Parameters.BACKUP));
        if (execution.getStatus() == BatchStatus.COMPLETED) {
            control.run(() ->
                    outbox.resolve(LaunchRequest.INSTALLATION, TROUBLE, "The drill of backup " + backup + " passed"));
        } else if (execution.getStatus() == BatchStatus.FAILED) {
            String why = execution.getAllFailureExceptions().stream()
                    .map(failure -> String.valueOf(failure.getMessage()))
                    .collect(Collectors.joining("; "));
            control.run(() -> outbox.replace(new Event(
                    LaunchRequest.INSTALLATION,
                    "backup.drill_failed",
                    Severity.CRITICAL,
                    TROUBLE,
                    "The drill of backup " + backup + " failed: " + why,
                    Map.of("backup", backup, "runId", execution.getId()))));
            rows.add(
                    new Drill(
                            backup,
                            execution.getId(),
                            began(execution),
                            null,
                            false,
                            0,
                            null,
                            null,
                            null,
                            List.of(new Finding("run", false, why))),
                    execution.getJobInstanceId());
        }
    }
}
