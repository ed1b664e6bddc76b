package dev.tidemill.backup;

import dev.tidemill.postgres.PrivateCluster;
import dev.tidemill.run.Control;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.job.JobExecution;

/// What jobs make in order to remove it again: a database restored from a backup, and a folder. Both bear the launch
/// that made them. Whatever became of its process, they are gone once that launch has ended.
public final class Scratch {

    /// The jobs that remove what they restored.
    static final Set<String> JOBS = Set.of(RestoreJob.DRILL, "reclaim", "rehearse");

    private static final Logger log = LoggerFactory.getLogger(Scratch.class);
    private static final int TRIES = 10;
    private static final String OVER = "scratch.over";
    private static final Pattern MADE_BY = Pattern.compile("(\\S+)\t.* by (\\w+) ([0-9]+)(?: of (.*))?");
    private static final Pattern FOLDER = Pattern.compile("([a-z]+)-([0-9]+)");

    private final Premises premises;
    private final Control control;
    private final Path folders;

    Scratch(Premises premises, Control control, Path home) {
        this.premises = premises;
        this.control = control;
        this.folders = home.resolve("scratch");
    }

    /// Who made a restored database, as its comment says.
    static String run(Premises premises, JobExecution execution) {
        String job = execution.getJobInstance().getJobName();
        String run = job + " " + execution.getJobInstanceId();
        // Another installation on the same server counts its launches by itself.
        return JOBS.contains(job) ? run + " of " + premises.database().name() : run;
    }

    /// Whether the launch has removed its database: a run that goes on with it makes none again.
    static boolean over(JobExecution execution) {
        return execution.getExecutionContext().containsKey(OVER);
    }

    static void end(JobExecution execution) {
        execution.getExecutionContext().putString(OVER, "true");
    }

    private Draft draft(JobExecution execution) {
        String name = execution.getJobParameters().getString(Parameters.DATABASE);
        if (name == null) {
            throw new IllegalArgumentException("the run lacks its parameter " + Parameters.DATABASE);
        }
        return new Draft(premises.database(), name);
    }

    /// Unpooled connections to the restored database, as its owner.
    public DataSource source(JobExecution execution) {
        return draft(execution).database().source("tidemill scratch", "");
    }

    /// The folder of a launch, not made yet where nothing is in it.
    public Path folder(JobExecution execution) {
        return folders.resolve(execution.getJobInstance().getJobName() + "-" + execution.getJobInstanceId());
    }

    /// Removes both.
    void discard(JobExecution execution) throws SQLException {
        draft(execution).discard();
        remove(folder(execution));
    }

    /// Makes a workspace anew that the live database does not have any more, with its organization and nothing else.
    public void bringWorkspace(JobExecution execution, UUID workspace) throws SQLException {
        try (Connection live = premises.database().connect("tidemill reclaim");
                Connection copy = draft(execution).database().connect("tidemill reclaim")) {
            for (Connection each : List.of(live, copy)) {
                LiveDatabase.text(each, "SELECT set_config('tidemill.workspace_id', ?, false)", workspace.toString());
            }
            String there = "SELECT 1 FROM workspaces WHERE workspace_id = CAST(? AS uuid)";
            if (LiveDatabase.text(live, there, workspace.toString()) != null) {
                return;
            }
            if (LiveDatabase.text(copy, there, workspace.toString()) == null) {
                throw new IllegalStateException("the backup holds no workspace " + workspace
                        + ", and neither does the live database: give the id or the slug of one of them");
            }
            live.setAutoCommit(false);
            for (String[] table : new String[][] {
                {"organizations", "id = (SELECT organization_id FROM workspaces WHERE workspace_id = CAST(? AS uuid))"},
                {"workspaces", "workspace_id = CAST(? AS uuid)"}
            }) {
                String row = LiveDatabase.text(
                        copy,
                        "SELECT to_jsonb(t)::text FROM " + table[0] + " t WHERE " + table[1],
                        workspace.toString());
                LiveDatabase.text(
                        live,
                        "INSERT INTO " + table[0] + " SELECT * FROM jsonb_populate_record(NULL::" + table[0]
                                + ", CAST(? AS jsonb)) ON CONFLICT DO NOTHING RETURNING 1",
                        String.valueOf(row));
            }
            if (LiveDatabase.text(live, there, workspace.toString()) == null) {
                live.rollback();
                throw new IllegalStateException("workspace " + workspace + " is not in the live database any more, and"
                        + " one of its name is: rename that one, then resume this run");
            }
            live.commit();
        }
    }

    /// Removes what launches left that have ended: killed ones that nobody goes on with, failed ones.
    public void sweep() {
        try {
            for (String made : Draft.made(premises.database())) {
                Matcher by = MADE_BY.matcher(made);
                if (by.matches()
                        && JOBS.contains(by.group(2))
                        && (by.group(4) == null
                                || by.group(4).equals(premises.database().name()))
                        && ended(Long.parseLong(by.group(3)))) {
                    log.info("removing {}, which {} {} left", by.group(1), by.group(2), by.group(3));
                    new Draft(premises.database(), by.group(1).replaceFirst("_restoring$", "")).discard();
                }
            }
            for (Path folder : listed()) {
                Matcher by = FOLDER.matcher(folder.getFileName().toString());
                if (by.matches() && ended(Long.parseLong(by.group(2)))) {
                    log.info("removing {}", folder);
                    remove(folder);
                }
            }
        } catch (SQLException e) {
            log.warn("what earlier runs restored to scratch could not be removed: {}", e.getMessage());
        }
    }

    private List<Path> listed() {
        if (!Files.isDirectory(folders)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folders)) {
            return all.filter(Files::isDirectory).toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folders, e);
        }
    }

    /// One that was stopped may be gone on with soon.
    private boolean ended(long instance) {
        return control.call(() -> control.jdbc()
                .sql("""
                        SELECT NOT EXISTS (SELECT FROM launches WHERE job_instance_id = :instance AND (
                          state IN ('queued', 'running', 'waiting')
                          OR (state = 'stopped' AND ended_at > clock_timestamp() - interval '10 minutes')))
                        """)
                .param("instance", instance)
                .query(Boolean.class)
                .single());
    }

    /// Again where somebody else still removes or writes something in it, as the watchdog of a server that was just
    /// stopped may.
    private static void remove(Path folder) {
        stopServers(folder);
        for (int tries = 1; Files.exists(folder); tries++) {
            try {
                removeOnce(folder);
                return;
            } catch (IOException | UncheckedIOException e) {
                if (tries == TRIES) {
                    throw new IllegalStateException(folder + " cannot be removed: " + e.getMessage(), e);
                }
                LockSupport.parkNanos(Duration.ofMillis(500).toNanos());
            }
        }
    }

    /// Of clusters that were recovered in it.
    private static void stopServers(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> runs = Files.list(folder)) {
            runs.filter(run -> Files.exists(run.resolve("cluster/postmaster.pid")))
                    .forEach(PrivateCluster::stopAbandoned);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }

    private static void removeOnce(Path folder) throws IOException {
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
