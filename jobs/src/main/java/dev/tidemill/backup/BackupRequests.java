package dev.tidemill.backup;

import dev.tidemill.backup.Catalogue.Entry;
import dev.tidemill.backup.Manifest.Scope;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Plan;
import dev.tidemill.run.Prepared;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Checks requests for the jobs on backups against the world, and says what they would do.
final class BackupRequests {

    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    /// zstd over rows in the binary form, as measured; only for the room that a first backup needs.
    private static final double ASSUMED_RATIO = 0.45;

    private final Premises premises;
    private final Depot depot;
    private final Archives archives;
    private final BackupRows rows;
    private final BackupProperties properties;

    BackupRequests(Premises premises, Depot depot, Archives archives, BackupRows rows, BackupProperties properties) {
        this.premises = premises;
        this.depot = depot;
        this.archives = archives;
        this.rows = rows;
        this.properties = properties;
    }

    Prepared backup(UUID asker, Map<String, String> given) {
        Scope scope = scope(given);
        UUID only = only(asker, scope, given);
        if (scope == Scope.CLUSTER && properties.engine() == BackupProperties.Engine.PGBACKREST) {
            throw new InvalidParameter(
                    Parameters.SCOPE,
                    "backup.engine is pgbackrest, which makes the physical backups: ./tidemill jobs start pgbackrest");
        }
        String id = STAMP.format(Instant.now()) + "-" + scope.id() + "-"
                + HexFormat.of().toHexDigits((short) ThreadLocalRandom.current().nextInt());
        Map<String, String> parameters = new HashMap<>(given);
        parameters.put(Parameters.BACKUP, id);
        parameters.put(Parameters.SCOPE, scope.id());
        parameters.put(Parameters.WORKSPACE_ONLY, only == null ? "" : only.toString());
        return new Prepared(only == null ? "backup of " + scope.id() : "backup of workspace " + only, parameters);
    }

    private static Scope scope(Map<String, String> given) {
        return Scope.valueOf(given.getOrDefault(Parameters.SCOPE, "full").toUpperCase(Locale.ROOT));
    }

    private @Nullable UUID only(UUID asker, Scope scope, Map<String, String> given) {
        String named = given.getOrDefault(Parameters.WORKSPACE_ONLY, "");
        if (scope != Scope.WORKSPACE) {
            if (!named.isBlank()) {
                throw new InvalidParameter(
                        Parameters.WORKSPACE_ONLY,
                        "only goes with scope=workspace: say scope=workspace, or leave it out");
            }
            requireOperator(asker, Parameters.SCOPE);
            return null;
        }
        UUID workspace = named.isBlank() ? asker : workspace(named);
        if (!workspace.equals(asker)) {
            requireOperator(asker, Parameters.WORKSPACE_ONLY);
        }
        return workspace;
    }

    void requireOperator(UUID asker, String parameter) {
        if (!premises.mayOperate(asker)) {
            throw new InvalidParameter(
                    parameter,
                    "this is about the whole installation: only the operators of its first workspace may ask for it."
                            + " Of your own workspace you may take a backup with scope=workspace");
        }
    }

    UUID workspace(String named) {
        try (Connection connection = premises.database().connectSeeingAll("tidemill backup")) {
            String id = LiveDatabase.text(
                    connection,
                    "SELECT workspace_id::text FROM workspaces WHERE workspace_id::text = ? OR slug = ? ORDER BY 1 LIMIT 1",
                    named,
                    named);
            if (id == null) {
                throw new InvalidParameter(
                        Parameters.WORKSPACE_ONLY, "there is no workspace \"" + named + "\": give its id or its slug");
            }
            return UUID.fromString(id);
        } catch (SQLException e) {
            throw new IllegalStateException("the workspaces cannot be read: " + e.getMessage(), e);
        }
    }

    Plan backupPlan(UUID asker, Map<String, String> given) {
        Scope scope = scope(given);
        UUID only = only(asker, scope, given);
        Map<String, Long> counts = new LinkedHashMap<>();
        List<String> notes = new ArrayList<>();
        long bytes = 0;
        try (Connection connection = premises.database().connectSeeingAll("tidemill backup")) {
            List<Tables.Table> tables = only == null ? Tables.all(connection) : Tables.of(connection, only);
            List<PartPlan.Todo> parts =
                    PartPlan.of(tables, scope, true, "s1", properties.partSize().toBytes());
            counts.put("tables", (long) tables.size());
            counts.put("parts", (long) parts.size());
            counts.put(
                    "rows",
                    tables.stream().mapToLong(Tables.Table::rowsEstimated).sum());
            if (scope.data()) {
                bytes = tables.stream().mapToLong(Tables.Table::bytes).sum();
            }
            if (only != null) {
                notes.add("rows and bytes are those of all workspaces in these tables: how many are this one's is seen"
                        + " when they are read");
            }
        } catch (SQLException e) {
            throw new IllegalStateException("the tables cannot be listed: " + e.getMessage(), e);
        }
        counts.put("bytes", bytes);
        long room = Math.round(bytes * ASSUMED_RATIO);
        Catalogue catalogue = depot.catalogue();
        notes.add("to " + catalogue.target().description() + ", locked with "
                + catalogue.keys().current());
        if (depot.beside()) {
            notes.add("the backups lie on this machine: a fire takes both. Name a bucket with S3_BACKUP_BUCKET, or copy"
                    + " the folder elsewhere");
        }
        OptionalLong free = catalogue.target().free();
        if (free.isPresent() && free.getAsLong() < room) {
            notes.add(String.format(
                    Locale.ROOT,
                    "it needs about %,d MB and %,d MB are free: it would fail",
                    room >> 20,
                    free.getAsLong() >> 20));
        }
        double pace = rows.secondsPerGigabyte();
        if (pace == 0) {
            notes.add("no earlier backup to take a rate from: the time is not known");
        }
        return new Plan(
                counts,
                0,
                BigDecimal.ZERO,
                Duration.ofMillis(Math.round(pace * bytes / 1e6)),
                room,
                notes,
                scope + " " + only);
    }

    Entry entry(UUID asker, Map<String, String> given) {
        requireOperator(asker, Parameters.BACKUP);
        String named = given.getOrDefault(Parameters.BACKUP, "latest");
        return archives.resolve(named)
                .flatMap(depot.catalogue()::find)
                .orElseThrow(() -> new InvalidParameter(
                        Parameters.BACKUP,
                        named.equals("latest")
                                ? "there is no whole backup of everything in " + archives.target()
                                        + ": make one with ./tidemill backup create"
                                : "there is no backup " + named + " in " + archives.target()
                                        + ": ./tidemill backup list shows them"));
    }

    Map<String, String> named(Entry entry, Map<String, String> given) {
        Map<String, String> parameters = new HashMap<>(given);
        parameters.put(Parameters.BACKUP, entry.id());
        return parameters;
    }

    Prepared verify(UUID asker, Map<String, String> given) {
        Entry entry = entry(asker, given);
        return new Prepared("verification of backup " + entry.id(), named(entry, given));
    }

    Prepared restore(UUID asker, Map<String, String> given) {
        Entry entry = entry(asker, given);
        String database = Draft.checkedName(premises.database(), given.getOrDefault(Parameters.DATABASE, ""));
        Map<String, String> parameters = named(entry, given);
        parameters.put(Parameters.DATABASE, database);
        String only = given.getOrDefault(Parameters.WORKSPACE_ONLY, "");
        if (!only.isBlank()) {
            parameters.put(Parameters.WORKSPACE_ONLY, uuid(only).toString());
        }
        return new Prepared("restore into database " + database, parameters);
    }

    private static UUID uuid(String only) {
        try {
            return UUID.fromString(only);
        } catch (IllegalArgumentException e) {
            throw new InvalidParameter(
                    Parameters.WORKSPACE_ONLY,
                    "only is \"" + only + "\": give the id of a workspace, a UUID; its slug is known only once it is"
                            + " restored");
        }
    }

    Plan restorePlan(UUID asker, Map<String, String> given) {
        Entry entry = entry(asker, given);
        String database = Draft.checkedName(premises.database(), given.getOrDefault(Parameters.DATABASE, ""));
        return plan(entry, new Draft(premises.database(), database));
    }

    Plan drillPlan(UUID asker, Map<String, String> given) {
        return plan(entry(asker, given), new Draft(premises.database(), scratchDatabase(RestoreJob.DRILL)));
    }

    Plan plan(Entry entry, Draft draft) {
        // Opened again, so that a damaged one is told as such.
        Manifest manifest = depot.catalogue().open(entry.id()).manifest();
        try {
            Preflight.Report report = Preflight.of(manifest, premises.database(), draft);
            List<String> notes = new ArrayList<>();
            for (Preflight.Check check : report.checks()) {
                notes.add((check.well() == null ? "? " : check.well() ? "ok " : "NO ") + check.name() + ": "
                        + check.detail());
            }
            notes.add("the time is made of rates measured on two cores, the building of vector indexes included");
            Map<String, Long> counts = new LinkedHashMap<>();
            counts.put("tables", (long) manifest.tables().size());
            counts.put("parts", (long) manifest.parts().size());
            counts.put("rows", manifest.rows());
            counts.put("bytes", manifest.bytes());
            counts.put("obstacles", (long) report.obstacles().size());
            return new Plan(counts, 0, BigDecimal.ZERO, report.time(), manifest.databaseBytes(), notes, manifest.id());
        } catch (SQLException e) {
            throw new IllegalStateException("the server cannot be looked at: " + e.getMessage(), e);
        }
    }

    Prepared drill(UUID asker, Map<String, String> given) {
        Entry entry = entry(asker, given);
        Map<String, String> parameters = named(entry, given);
        parameters.put(Parameters.DATABASE, scratchDatabase(RestoreJob.DRILL));
        return new Prepared("restore drill", parameters);
    }

    static String scratchDatabase(String job) {
        return "tidemill_" + job + "_" + STAMP.format(Instant.now()).toLowerCase(Locale.ROOT);
    }
}
