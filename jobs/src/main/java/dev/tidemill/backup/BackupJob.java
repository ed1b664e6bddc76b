package dev.tidemill.backup;

import dev.tidemill.backup.BackupRows.Begun;
import dev.tidemill.backup.BackupRows.Kept;
import dev.tidemill.backup.Catalogue.Archive;
import dev.tidemill.backup.Manifest.Scope;
import dev.tidemill.backup.PartPlan.Todo;
import dev.tidemill.postgres.PrivateCluster;
import dev.tidemill.seal.Ciphers;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.listener.JobExecutionListener;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.Chunk;

/// The steps of a backup: *begin* takes a snapshot, or goes on with the one of a run before; *parts* are written one
/// by one; *seal* writes the manifest, with which there is a backup.
final class BackupJob implements JobExecutionListener {

    static final String JOB = "backup";
    static final String BEGIN = "begin";
    static final String PARTS = "parts";
    static final String SEAL = "seal";
    static final String EXPIRE = "expire";

    private static final Logger log = LoggerFactory.getLogger(BackupJob.class);

    private final Premises premises;
    private final Depot depot;
    private final BackupRows rows;
    private final Questions questions;
    private final BackupProperties properties;
    private final Map<Long, Snapshot> snapshots = new ConcurrentHashMap<>();

    BackupJob(Premises premises, Depot depot, BackupRows rows, Questions questions, BackupProperties properties) {
        this.premises = premises;
        this.depot = depot;
        this.rows = rows;
        this.questions = questions;
        this.properties = properties;
    }

    private static @Nullable UUID only(StepExecution step) {
        String only = Parameters.optional(step, Parameters.WORKSPACE_ONLY);
        return only == null ? null : UUID.fromString(only);
    }

    void begin(StepExecution step) throws Exception {
        String id = Parameters.text(step, Parameters.BACKUP);
        long instance = step.getJobExecution().getJobInstanceId();
        Catalogue catalogue = depot.catalogue();
        if (catalogue.find(id).isPresent()) {
            // The last process died after the manifest: only its row is left to be written.
            return;
        }
        catalogue.target().cleanUp(Instant.now().minus(properties.leftovers()));
        Optional<Begun> before = rows.find(id);
        if (before.isPresent()) {
            Optional<Snapshot> kept =
                    Snapshot.adopt(premises.database(), id, before.get().snapshot());
            if (kept.isPresent() && sameTables(kept.get(), before.get())) {
                hold(instance, kept.get());
                rows.renamed(id, kept.get().name(), folder(step, before.get().generation()));
                log.info("backup {} goes on with its snapshot", id);
                return;
            }
            kept.ifPresent(Snapshot::close);
            log.info("the snapshot of backup {} is gone, or a table is not what it was: all parts are made anew", id);
        }
        Snapshot taken = Snapshot.take(premises.database(), id);
        try {
            beginWith(step, id, taken, before.map(Begun::generation).orElse(0) + 1, catalogue);
        } catch (Exception e) {
            taken.close();
            throw e;
        }
        hold(instance, taken);
    }

    private void beginWith(StepExecution step, String id, Snapshot taken, int generation, Catalogue catalogue)
            throws Exception {
        Scope scope = Scope.valueOf(Parameters.text(step, Parameters.SCOPE).toUpperCase(java.util.Locale.ROOT));
        if (scope == Scope.CLUSTER) {
            keepWal();
        }
        UUID only = only(step);
        List<Tables.Table> tables =
                scope == Scope.CLUSTER ? List.of() : taken.read(connection -> tables(connection, only));
        String hash = taken.lock(tables.stream().map(Tables.Table::name).toList());
        Manifest head = taken.read(connection -> head(id, scope, only, connection, tables, catalogue.keys()));
        List<Todo> parts = PartPlan.of(
                tables,
                scope,
                properties.questions() > 0 && hasProjects(tables),
                folder(step, generation),
                properties.partSize().toBytes());
        rows.begin(
                new Begun(id, generation, taken.name(), hash, head, "running"),
                catalogue.target().description(),
                parts);
    }

    /// Of each run its own: a process that was taken for dead and finishes a part late writes beside the good one.
    private static String folder(StepExecution step, int generation) {
        return "s" + generation + "/" + step.getJobExecutionId();
    }

    /// Whether none of the tables was dropped, truncated or rewritten while nobody held their locks.
    private static boolean sameTables(Snapshot snapshot, Begun before) throws SQLException {
        return snapshot.lock(before.head().tables().stream()
                        .map(Manifest.Table::name)
                        .toList())
                .equals(before.tablesHash());
    }

    /// From before the base backup on, so that the log reaches back to where that begins.
    private void keepWal() {
        Path cluster = premises.cluster();
        String password = premises.database().password();
        if (cluster == null || password == null) {
            throw new IllegalStateException(
                    "scope=cluster is for the private cluster: for a PostgreSQL of your own, use"
                            + " what its operators use (pgBackRest, Barman, your provider's)");
        }
        PrivateCluster.keepWal(cluster, premises.database().named("postgres").url(), password);
    }

    private void hold(long instance, Snapshot snapshot) {
        snapshot.keep();
        Snapshot earlier = snapshots.put(instance, snapshot);
        if (earlier != null) {
            earlier.close();
        }
    }

    private static List<Tables.Table> tables(Connection connection, @Nullable UUID only) throws SQLException {
        return only == null ? Tables.all(connection) : Tables.of(connection, only);
    }

    private static boolean hasProjects(List<Tables.Table> tables) {
        Set<String> names = tables.stream().map(Tables.Table::name).collect(Collectors.toSet());
        return names.containsAll(Set.of("public.projects", "public.chunks", "public.golden_questions"));
    }

    private static Manifest head(
            String id, Scope scope, @Nullable UUID only, Connection connection, List<Tables.Table> tables, Keys keys)
            throws SQLException {
        SecretKey dataKey = Ciphers.newDataKey();
        Set<String> ofWorkspaces = tables.stream().anyMatch(table -> table.workspaceColumn() >= 0)
                ? Tables.of(connection, new UUID(0, 0)).stream()
                        .map(Tables.Table::name)
                        .collect(Collectors.toSet())
                : Set.of();
        List<String> facts = row(connection, """
                SELECT now()::text, CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text,
                       current_setting('server_version_num'), current_setting('server_version'), current_database()::text,
                       (SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()),
                       pg_database_size(current_database())::text,
                       (SELECT coalesce(string_agg(DISTINCT r.rolname, ',' ORDER BY r.rolname), '') FROM pg_shdepend s
                        JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
                        JOIN pg_roles r ON r.oid = s.refobjid WHERE s.refclassid = 'pg_authid'::regclass),
                       extract(epoch FROM now())::text
                """);
        long micros = Math.round(Double.parseDouble(facts.get(8)) * 1e6);
        Map<String, String> extensions = new LinkedHashMap<>();
        for (String each : column(connection, "SELECT extname || ' ' || extversion FROM pg_extension ORDER BY 1")) {
            extensions.put(each.substring(0, each.indexOf(' ')), each.substring(each.indexOf(' ') + 1));
        }
        List<String> changeSets =
                LiveDatabase.text(connection, "SELECT to_regclass('public.databasechangelog')::text") == null
                        ? List.of()
                        : column(connection, "SELECT id FROM public.databasechangelog ORDER BY orderexecuted, id");
        return new Manifest(
                Manifest.FORMAT,
                id,
                String.valueOf(Optional.ofNullable(BackupJob.class.getPackage().getImplementationVersion())
                        .orElse("not packaged")),
                scope,
                only,
                Instant.now(),
                Instant.ofEpochSecond(micros / 1_000_000, micros % 1_000_000 * 1_000),
                Instant.EPOCH,
                facts.get(1),
                Integer.parseInt(facts.get(2)) / 10_000,
                facts.get(3),
                facts.get(4),
                facts.get(5),
                facts.get(7).isEmpty() ? List.of() : List.of(facts.get(7).split(",", -1)),
                extensions,
                changeSets,
                Long.parseLong(facts.get(6)),
                keys.wrap(dataKey, id),
                tables.stream()
                        .map(table -> new Manifest.Table(
                                table.name(),
                                table.columns(),
                                table.binary(),
                                table.workspaceColumn(),
                                ofWorkspaces.contains(table.name()),
                                0,
                                ""))
                        .toList(),
                List.of());
    }

    private static List<String> row(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet rows = statement.executeQuery()) {
            rows.next();
            List<String> values = new ArrayList<>();
            for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                values.add(String.valueOf(rows.getString(i)));
            }
            return values;
        }
    }

    static List<String> column(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet rows = statement.executeQuery()) {
            List<String> values = new ArrayList<>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    /// Parts as they are done, made on several threads.
    AheadReader<Todo, Kept> reader(StepExecution step) {
        String id = Parameters.text(step, Parameters.BACKUP);
        PartWork[] work = new PartWork[1];
        return new AheadReader<>(
                PARTS,
                () -> {
                    List<Todo> open = rows.parts(id).stream()
                            .filter(kept -> kept.part() == null)
                            .map(Kept::todo)
                            .toList();
                    if (!open.isEmpty()) {
                        work[0] = work(step, id);
                    }
                    return open;
                },
                todo -> work[0].make(todo),
                properties.threads());
    }

    private PartWork work(StepExecution step, String id) throws SQLException {
        Snapshot snapshot = snapshots.get(step.getJobExecution().getJobInstanceId());
        Begun begun = rows.find(id).orElseThrow();
        if (snapshot == null) {
            throw new IllegalStateException("backup " + id + " has parts left and no snapshot: resume the run");
        }
        Catalogue catalogue = depot.catalogue();
        return new PartWork(
                premises.database(),
                snapshot,
                catalogue.target(),
                id,
                catalogue.keys().unwrap(begun.head().key(), id),
                questions,
                properties,
                only(step));
    }

    void written(StepExecution step, Chunk<? extends Kept> chunk) {
        for (Kept kept : chunk) {
            rows.done(Parameters.text(step, Parameters.BACKUP), kept);
        }
    }

    void seal(StepExecution step) throws IOException {
        String id = Parameters.text(step, Parameters.BACKUP);
        Catalogue catalogue = depot.catalogue();
        Archive archive;
        if (catalogue.find(id).isPresent()) {
            archive = catalogue.open(id);
        } else {
            Manifest head = rows.find(id).orElseThrow().head();
            List<Manifest.Part> parts = new ArrayList<>();
            for (Kept kept : rows.parts(id)) {
                if (kept.part() == null) {
                    throw new IllegalStateException(
                            "backup " + id + " lacks its part " + kept.todo().name());
                }
                parts.add(kept.part());
            }
            requireSizes(catalogue.target(), id, parts);
            archive = catalogue.seal(whole(head, parts), catalogue.keys().unwrap(head.key(), id));
        }
        catalogue.deleteOthers(archive.manifest());
        // Each part was read back from the target when it was written.
        catalogue.mark(archive, catalogue.marks(archive).atLevel(2, Instant.now()));
        rows.complete(archive.manifest(), 2);
    }

    private static void requireSizes(Target target, String id, List<Manifest.Part> parts) throws IOException {
        Map<String, Long> sizes = new LinkedHashMap<>();
        target.list(id + "/").forEach(file -> sizes.put(file.name(), file.size()));
        for (Manifest.Part part : parts) {
            Long size = sizes.get(id + "/" + part.name());
            if (size == null || size != part.bytes()) {
                throw new BackupDamaged("part " + part.name() + " of backup " + id + " was written and is not there any"
                        + " more as it was: start a new backup");
            }
        }
    }

    private static Manifest whole(Manifest head, List<Manifest.Part> parts) {
        Map<String, List<Manifest.Content>> contents = parts.stream()
                .flatMap(part -> part.tables().stream())
                .collect(Collectors.groupingBy(Manifest.Content::table));
        List<Manifest.Table> tables = head.tables().stream()
                .map(table -> {
                    List<Manifest.Content> of = contents.getOrDefault(table.name(), List.of());
                    return new Manifest.Table(
                            table.name(),
                            table.columns(),
                            table.binary(),
                            table.workspaceColumn(),
                            table.ofWorkspaces(),
                            of.stream().mapToLong(Manifest.Content::rows).sum(),
                            table.binary()
                                    ? RowDigest.sum(of.stream()
                                            .map(Manifest.Content::digest)
                                            .toList())
                                    : "");
                })
                .toList();
        return new Manifest(
                head.format(),
                head.id(),
                head.program(),
                head.scope(),
                head.workspace(),
                head.startedAt(),
                head.snapshotAt(),
                Instant.now(),
                head.lsn(),
                head.serverMajor(),
                head.serverVersion(),
                head.database(),
                head.owner(),
                head.roles(),
                head.extensions(),
                head.changeSets(),
                head.databaseBytes(),
                head.key(),
                tables,
                parts);
    }

    @Override
    public void afterJob(JobExecution execution) {
        Snapshot snapshot = snapshots.remove(execution.getJobInstanceId());
        if (execution.getStatus() == BatchStatus.COMPLETED) {
            if (snapshot != null) {
                snapshot.close();
            }
            String id = String.valueOf(execution.getJobParameters().getString(Parameters.BACKUP));
            try {
                Snapshot.endAll(premises.database(), id);
            } catch (SQLException e) {
                log.warn("sessions that keep the snapshot of backup {} could not be ended: {}", id, e.getMessage());
            }
        } else if (snapshot != null) {
            // Kept for a while, so that a resumed run can go on with it.
            snapshot.leave();
        }
    }
}
