package dev.tidemill.migrate;

import dev.tidemill.run.Control;
import dev.tidemill.store.Workspaces;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The rows that backfills are about, over all workspaces.
final class Backfills {

    private final Control control;
    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    Backfills(Control control, Workspaces workspaces, JdbcClient jdbc) {
        this.control = control;
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    /// A row to be filled in.
    record Row(Backfill backfill, UUID workspaceId, long id) {}

    /// Those that the database waits for and the program knows.
    List<Backfill> open() {
        List<String> open = waitedFor();
        return Backfill.all().stream()
                .filter(backfill -> open.contains(backfill.changeSet()))
                .toList();
    }

    /// Change sets whose backfill the database waits for and another version of the program knows.
    List<String> unknown() {
        List<String> known = Backfill.all().stream().map(Backfill::changeSet).toList();
        return waitedFor().stream().filter(id -> !known.contains(id)).toList();
    }

    private List<String> waitedFor() {
        return jdbc.sql("SELECT id FROM backfills WHERE state = 'open' ORDER BY id")
                .query((row, n) -> row.getString(1))
                .list();
    }

    List<UUID> workspaces() {
        return control.call(() -> control.jdbc()
                .sql("SELECT workspace_id FROM workspaces ORDER BY workspace_id")
                .query(UUID.class)
                .list());
    }

    long left(Backfill backfill) {
        return workspaces().stream()
                .mapToLong(workspace -> workspaces.callAlone(
                        workspace,
                        () -> jdbc.sql(backfill.left())
                                .param("workspace", workspace)
                                .query(Long.class)
                                .single()))
                .sum();
    }

    List<Row> page(Backfill backfill, UUID workspace, long after, int limit) {
        return workspaces.callAlone(
                workspace,
                () -> jdbc.sql(backfill.pending())
                        .param("workspace", workspace)
                        .param("after", after)
                        .param("limit", limit)
                        .query((row, n) -> new Row(backfill, workspace, row.getLong(1)))
                        .list());
    }

    /// Fills rows of one workspace in, in the caller's transaction.
    void fill(Backfill backfill, UUID workspace, List<Long> ids) {
        workspaces.run(
                workspace,
                () -> jdbc.sql(backfill.fill())
                        .param("workspace", workspace)
                        .param("ids", ids.toArray(Long[]::new))
                        .update());
    }

    /// Marks a backfill as done, in the caller's transaction.
    void done(Backfill backfill) {
        jdbc.sql("UPDATE backfills SET state = 'done', done_at = clock_timestamp() WHERE id = :id AND state = 'open'")
                .param("id", backfill.changeSet())
                .update();
    }
}
