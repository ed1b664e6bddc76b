package dev.tidemill.backup;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Makes a restored database one that a server can be started on: what was at work when the backup was taken is
/// over, nobody holds a lock or a lease, no schedule fires before an operator says so, and no old alert is told again.
final class CleanStart {

    private CleanStart() {}

    private static final List<String[]> STATEMENTS = List.of(
            step("launches", """
                    UPDATE launches SET state = 'stopped', ended_at = clock_timestamp(), waiting_for = NULL, stop_requested_at = NULL,
                      last_error = 'was at work when the backup was taken from which this database was restored: resume it or run it again'
                    WHERE state IN ('queued', 'running', 'waiting')
                    """),
            step("batch_step_execution", """
                    UPDATE batch_step_execution SET status = 'STOPPED', exit_code = 'STOPPED', end_time = localtimestamp,
                      last_updated = localtimestamp
                    WHERE status IN ('STARTING', 'STARTED', 'STOPPING', 'UNKNOWN')
                    """),
            step("batch_job_execution", """
                    UPDATE batch_job_execution SET status = 'STOPPED', exit_code = 'STOPPED',
                      exit_message = 'was at work when the backup was taken from which this database was restored',
                      end_time = localtimestamp, last_updated = localtimestamp
                    WHERE end_time IS NULL OR status IN ('STARTING', 'STARTED', 'STOPPING', 'UNKNOWN')
                    """),
            step("job_leases", "UPDATE job_leases SET boot_id = NULL, fence = fence + 1, careful = false"),
            step("items_in_hand", "DELETE FROM items_in_hand"),
            step("nodes", "DELETE FROM nodes"),
            step("schedules", "UPDATE schedules SET paused = true"),
            step("schedule_fires", """
                    UPDATE schedule_fires SET due_at = NULL, outcome = 'skipped', message = 'the database was restored from a backup'
                    WHERE due_at IS NOT NULL
                    """),
            step("qrtz_fired_triggers", "DELETE FROM qrtz_fired_triggers"),
            step("qrtz_scheduler_state", "DELETE FROM qrtz_scheduler_state"),
            step("qrtz_locks", "DELETE FROM qrtz_locks"),
            step(
                    "qrtz_triggers",
                    "UPDATE qrtz_triggers SET trigger_state = 'PAUSED' WHERE trigger_state <> 'COMPLETE'"),
            step("events", "UPDATE events SET routed_at = coalesce(routed_at, clock_timestamp())"),
            step("alert_deliveries", """
                    UPDATE alert_deliveries SET state = 'given_up', ended_at = clock_timestamp(), claimed_until = NULL,
                      last_error = 'the database was restored from a backup'
                    WHERE state = 'pending'
                    """),
            step("databasechangeloglock", """
                    UPDATE databasechangeloglock SET locked = false, lockgranted = NULL, lockedby = NULL
                    """),
            step("backups", "DELETE FROM backups WHERE state = 'running'"));

    private static String[] step(String table, String sql) {
        return new String[] {table, sql};
    }

    /// In one transaction; repeated, it changes nothing more.
    ///
    /// @param only the one workspace that was taken out of a backup of all, null for all
    static void make(LiveDatabase database, @Nullable UUID only) throws SQLException {
        try (Connection connection = database.connectSeeingAll("tidemill restore")) {
            LiveDatabase.execute(connection, "RESET ROLE");
            connection.setAutoCommit(false);
            LiveDatabase.execute(connection, "SET LOCAL search_path = public");
            lifted(connection, true);
            for (String[] step : STATEMENTS) {
                if (LiveDatabase.text(connection, "SELECT to_regclass(?)::text", step[0]) != null) {
                    LiveDatabase.execute(connection, step[1]);
                }
            }
            if (only != null) {
                trim(connection, only);
            }
            lifted(connection, false);
            connection.commit();
            if (only != null) {
                connection.setAutoCommit(true);
                LiveDatabase.execute(connection, "ANALYZE");
            }
        }
    }

    /// Row-level security is forced on the owner too; who owns the tables may lift that.
    private static void lifted(Connection connection, boolean lift) throws SQLException {
        if (LiveDatabase.text(
                        connection,
                        "SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)")
                != null) {
            return;
        }
        for (String table : BackupJob.column(connection, """
                SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND c.relrowsecurity AND n.nspname = 'public'
                """)) {
            LiveDatabase.execute(
                    connection, "ALTER TABLE " + table + (lift ? " NO FORCE" : " FORCE") + " ROW LEVEL SECURITY");
        }
    }

    /// Rows of other workspaces' surroundings that came along: whom nothing of this workspace refers to.
    private static void trim(Connection connection, UUID only) throws SQLException {
        for (Tables.Table table : Tables.of(connection, only).reversed()) {
            if (table.workspaceColumn() < 0 && table.condition() != null) {
                LiveDatabase.execute(
                        connection, "DELETE FROM " + table.name() + " WHERE (" + table.condition() + ") IS NOT TRUE");
            }
        }
    }
}
