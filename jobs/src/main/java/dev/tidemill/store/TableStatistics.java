package dev.tidemill.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the planner knows of the tables that all projects share. A workspace that it has not seen yet looks empty to
/// it,
/// and every index that begins with the workspace as good as any other: until the server's own autovacuum comes by, a
/// statement about one version reads all chunks of the workspace.
public final class TableStatistics {

    private static final Logger log = LoggerFactory.getLogger(TableStatistics.class);

    private final DataSource owner;

    /// Works as the owner.
    ///
    /// @param owner connections of the owner of the tables, outside of any pool
    public TableStatistics(DataSource owner) {
        this.owner = owner;
    }

    /// Has them looked at now: of chunks the columns that rows are found by, which are short.
    public void refresh() {
        try (Connection connection = owner.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("ANALYZE chunks (workspace_id, project_id, document_id, version_id, content_id)");
            statement.execute("ANALYZE document_versions, documents");
        } catch (SQLException e) {
            log.warn("the planner's statistics stay as they are, statements may be slow until autovacuum comes by", e);
        }
    }
}
