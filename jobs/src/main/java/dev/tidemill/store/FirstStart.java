package dev.tidemill.store;

import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/// Makes the organization, workspace and project named "default" in an empty database, on the owner's connection.
public final class FirstStart {

    private FirstStart() {}

    /// Idempotent; returns the id of the default workspace.
    public static UUID ensure(DataSource owner) {
        JdbcClient jdbc = JdbcClient.create(owner);
        UUID id = new TransactionTemplate(new JdbcTransactionManager(owner)).execute(status -> {
            jdbc.sql("LOCK TABLE organizations IN SHARE ROW EXCLUSIVE MODE").update();
            UUID organization = jdbc.sql("""
                            INSERT INTO organizations (name, slug) VALUES ('Default', 'default')
                            ON CONFLICT (slug) DO UPDATE SET slug = excluded.slug RETURNING id
                            """).query(UUID.class).single();
            // The workspace id follows from the organization's, so that it can be set before the row can be seen.
            UUID workspace = organization;
            jdbc.sql("SELECT set_config('tidemill.workspace_id', :workspace, true)")
                    .param("workspace", workspace.toString())
                    .query(String.class)
                    .single();
            jdbc.sql("""
                            INSERT INTO workspaces (workspace_id, organization_id, name, slug)
                            VALUES (:workspace, :organization, 'Default', 'default') ON CONFLICT DO NOTHING
                            """)
                    .param("workspace", workspace)
                    .param("organization", organization)
                    .update();
            jdbc.sql("""
                            INSERT INTO projects (workspace_id, slug, name) VALUES (:workspace, 'default', 'Default')
                            ON CONFLICT (workspace_id, slug) DO NOTHING
                            """).param("workspace", workspace).update();
            return workspace;
        });
        return Optional.ofNullable(id).orElseThrow();
    }
}
