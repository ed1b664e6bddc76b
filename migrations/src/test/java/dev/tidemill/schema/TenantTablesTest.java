package dev.tidemill.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Sweeps the catalog, so that a table added tomorrow is held to the same rules.
class TenantTablesTest {

    /// Looked up before the workspace is known; holds hashes only, and no role of the server may read it.
    private static final Set<String> WITHOUT_POLICY = Set.of("api_keys");

    /// Unique keys of tables with a workspace_id that do not begin with it, each with its reason.
    private static final Set<String> KEYS_WITHOUT_WORKSPACE = Set.of(
            // a random public identifier, looked up before the workspace is known
            "api_keys_pkey",
            // a workspace's address within its organization, chosen where the organization is known
            "workspaces_organization_id_slug_key");

    private static final UUID ONE = UUID.fromString("00000000-0000-4000-8000-000000000001");
    private static final UUID TWO = UUID.fromString("00000000-0000-4000-8000-000000000002");

    private static TestDatabase database = TestDatabase.create();
    private static List<String> tenantTables = List.of();

    @BeforeAll
    static void fillTwoWorkspaces() throws SQLException {
        try (Connection owner = database.dataSource().getConnection()) {
            tenantTables = Sql.column(owner, """
                    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
                    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY 1
                    """);
            Sql.execute(owner, "SELECT create_vector_table(1, 3)");
            tenantTables = new ArrayList<>(tenantTables);
            tenantTables.add("vectors_1");
            tenantTables.removeAll(WITHOUT_POLICY);
            for (UUID workspace : List.of(ONE, TWO)) {
                fill(owner, workspace);
            }
        }
    }

    @AfterAll
    static void drop() {
        database.close();
    }

    @Test
    void theSweepFindsTheTables() {
        assertThat(tenantTables)
                .hasSizeGreaterThan(20)
                .contains("workspaces", "projects", "documents", "chunks", "blob_parts", "embedding_cache", "history");
    }

    @Test
    void everyTenantTableForcesItsPolicyOnTheOwnerToo() throws SQLException {
        try (Connection owner = database.dataSource().getConnection()) {
            assertThat(Sql.column(owner, """
                    SELECT relname FROM pg_class WHERE relname IN (%s) AND NOT (relrowsecurity AND relforcerowsecurity)
                    """.formatted(quoted(tenantTables)))).isEmpty();
            assertThat(Sql.column(owner, """
                    SELECT tablename FROM pg_policies WHERE policyname = 'workspace' AND cmd = 'ALL'
                      AND qual LIKE '%%current_workspace()%%' AND with_check LIKE '%%current_workspace()%%'
                    """)).containsAll(tenantTables);
        }
    }

    @Test
    void noViewReadsAroundThePolicies() throws SQLException {
        try (Connection owner = database.dataSource().getConnection()) {
            assertThat(Sql.column(owner, """
                    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
                      AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}'
                    """)).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tidemill_app", "tidemill_batch"})
    void withoutAWorkspaceNoTableShowsARowNorTakesOne(String role) throws SQLException {
        try (Connection connection = as(role)) {
            for (String table : tenantTables) {
                assertThat(Sql.number(connection, "SELECT count(*) FROM " + table))
                        .as(table)
                        .isZero();
                assertRefused(connection, role, table, ONE);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tidemill_app", "tidemill_batch"})
    void anEndedTransactionLeavesNoWorkspaceBehind(String role) throws SQLException {
        try (Connection connection = as(role)) {
            connection.setAutoCommit(false);
            enter(connection, ONE);
            assertThat(Sql.number(connection, "SELECT count(*) FROM chunks")).isEqualTo(1);
            connection.commit();
            for (String table : tenantTables) {
                assertThat(Sql.number(connection, "SELECT count(*) FROM " + table))
                        .as(table)
                        .isZero();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tidemill_app", "tidemill_batch"})
    void aWorkspaceSeesItsOwnRowsAndNeverReadsWritesOrMovesAnothers(String role) throws SQLException {
        try (Connection connection = as(role)) {
            for (String table : tenantTables) {
                connection.setAutoCommit(false);
                enter(connection, ONE);
                assertThat(Sql.column(connection, "SELECT DISTINCT workspace_id FROM " + table))
                        .as(table)
                        .containsExactly(ONE.toString());
                connection.rollback();
                enter(connection, ONE);
                assertRefused(connection, role, table, TWO);
                connection.rollback();
                enter(connection, ONE);
                if (!table.equals("audit_entries")) { // which nobody may change at all
                    try (var statement = connection.createStatement()) {
                        assertThat(statement.executeUpdate(
                                        "DELETE FROM " + table + " WHERE workspace_id = '" + TWO + "'"))
                                .as("deleted from " + table)
                                .isZero();
                    }
                    assertThatThrownBy(() ->
                                    Sql.execute(connection, "UPDATE " + table + " SET workspace_id = '" + TWO + "'"))
                            .as(table)
                            .hasMessageContaining("row-level security");
                }
                connection.rollback();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tidemill_app", "tidemill_batch"})
    void theAuditCanOnlyGrow(String role) throws SQLException {
        try (Connection connection = as(role)) {
            assertThatThrownBy(() -> Sql.execute(connection, "UPDATE audit_entries SET actor = 'nobody'"))
                    .hasMessageContaining("permission denied");
            assertThatThrownBy(() -> Sql.execute(connection, "DELETE FROM audit_entries"))
                    .hasMessageContaining("permission denied");
            assertThatThrownBy(() -> Sql.execute(connection, "TRUNCATE audit_entries"))
                    .hasMessageContaining("permission denied");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tidemill_app", "tidemill_batch"})
    void theRolesOfTheServerCannotReadKeysOrPasswordsOfOthersNorMakeTables(String role) throws SQLException {
        try (Connection connection = as(role)) {
            assertThatThrownBy(() -> Sql.execute(connection, "SELECT * FROM api_keys"))
                    .hasMessageContaining("permission denied");
            assertThatThrownBy(() -> Sql.execute(connection, "CREATE TABLE mine (n integer)"))
                    .hasMessageContaining("permission denied");
            assertThatThrownBy(() -> Sql.execute(connection, "SELECT * FROM pg_authid"))
                    .hasMessageContaining("permission denied");
        }
    }

    @Test
    void theTextSearchTakesItsWorkspaceFromTheTransactionOnly() throws SQLException {
        String search =
                "SELECT count(*) FROM match_chunks('%s', 'wave', ARRAY['wave']::tsquery[], ARRAY[1.0::float8], 10)";
        try (Connection connection = as("tidemill_app")) {
            connection.setAutoCommit(false);
            assertThat(Sql.number(connection, search.formatted(TWO))).isZero();
            enter(connection, ONE);
            assertThat(Sql.number(connection, search.formatted(ONE))).isEqualTo(1);
            assertThat(Sql.number(connection, search.formatted(TWO))).isZero();
        }
    }

    @Test
    void theBackupRoleReadsEverythingAndWritesNothing() throws SQLException {
        try (Connection connection = as("tidemill_backup")) {
            for (String table : tenantTables) {
                assertThat(Sql.number(connection, "SELECT count(DISTINCT workspace_id) FROM " + table))
                        .as(table)
                        .isEqualTo(2);
                assertThatThrownBy(() -> Sql.execute(connection, "DELETE FROM " + table))
                        .as(table)
                        .hasMessageContaining("permission denied");
            }
            assertThat(Sql.column(connection, """
                    SELECT c.relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                      AND relname NOT LIKE 'databasechangelog%' AND NOT has_table_privilege(c.oid, 'SELECT')
                    """))
                    .as("tables a backup would lack")
                    .isEmpty();
        }
    }

    @Test
    void everyUniqueKeyOfATenantTableBeginsWithTheWorkspace() throws SQLException {
        try (Connection owner = database.dataSource().getConnection()) {
            assertThat(Sql.column(owner, """
                    SELECT i.indexrelid::regclass FROM pg_index i
                    JOIN pg_attribute w ON w.attrelid = i.indrelid AND w.attname = 'workspace_id'
                    JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
                    WHERE i.indisunique AND i.indkey[0] <> w.attnum ORDER BY 1
                    """)).containsExactlyInAnyOrderElementsOf(KEYS_WITHOUT_WORKSPACE);
        }
    }

    @Test
    void everyForeignKeyHasAnIndexThatBeginsWithItsColumns() throws SQLException {
        try (Connection owner = database.dataSource().getConnection()) {
            assertThat(Sql.column(owner, """
                    SELECT f.conrelid::regclass || ' ' || pg_get_constraintdef(f.oid) FROM pg_constraint f
                    WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace AND NOT EXISTS (
                      SELECT FROM pg_index i WHERE i.indrelid = f.conrelid AND i.indpred IS NULL
                        AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)
                    """)).isEmpty();
        }
    }

    @Test
    void everyForeignKeyBetweenTenantTablesStaysWithinTheWorkspace() throws SQLException {
        try (Connection owner = database.dataSource().getConnection()) {
            assertThat(Sql.column(owner, """
                    SELECT f.conrelid::regclass || ' ' || pg_get_constraintdef(f.oid) FROM pg_constraint f
                    JOIN pg_attribute w ON w.attrelid = f.conrelid AND w.attname = 'workspace_id'
                    JOIN pg_attribute t ON t.attrelid = f.confrelid AND t.attname = 'workspace_id'
                    WHERE f.contype = 'f' AND NOT (f.conkey @> ARRAY[w.attnum] AND f.confkey @> ARRAY[t.attnum])
                    """)).isEmpty();
        }
    }

    private static void assertRefused(Connection connection, String role, String table, UUID workspace)
            throws SQLException {
        String insert = copyOfARow(table, workspace);
        assertThatThrownBy(() -> Sql.execute(connection, insert))
                .as(role + " inserting into " + table)
                .hasMessageContaining("row-level security policy");
    }

    /// An insert of a row that the owner, who is a superuser and so sees all, finds in the table.
    private static String copyOfARow(String table, UUID workspace) throws SQLException {
        try (Connection owner = database.dataSource().getConnection()) {
            String columns = String.join(", ", Sql.column(owner, """
                    SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0
                      AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
                    """.formatted(table)));
            String json = Sql.column(
                            owner,
                            "SELECT to_jsonb(t) FROM " + table + " t WHERE workspace_id = '" + workspace + "' LIMIT 1")
                    .getFirst();
            return "INSERT INTO " + table + " (" + columns + ") OVERRIDING SYSTEM VALUE SELECT " + columns
                    + " FROM jsonb_populate_record(NULL::" + table + ", '" + json.replace("'", "''") + "')";
        }
    }

    private static Connection as(String role) throws SQLException {
        Connection connection = database.dataSource().getConnection();
        Sql.execute(connection, "SET ROLE " + role);
        return connection;
    }

    private static void enter(Connection connection, UUID workspace) throws SQLException {
        Sql.execute(connection, "SELECT set_config('tidemill.workspace_id', '" + workspace + "', true)");
    }

    private static String quoted(List<String> names) {
        return "'" + String.join("', '", names) + "'";
    }

    /// One row in every tenant table.
    private static void fill(Connection owner, UUID id) throws SQLException {
        String slug = id.toString().substring(35).toLowerCase(Locale.ROOT);
        Sql.execute(owner, """
                INSERT INTO organizations (id, name, slug) VALUES ('ID', 'O', 'SLUG');
                INSERT INTO workspaces (workspace_id, organization_id, name, slug) VALUES ('ID', 'ID', 'W', 'w');
                INSERT INTO users (id, username) VALUES ('ID', 'SLUG');
                INSERT INTO workspace_members (workspace_id, user_id) VALUES ('ID', 'ID');
                INSERT INTO projects (workspace_id, id, slug, name) VALUES ('ID', 'ID', 'p', 'P');
                INSERT INTO sources (workspace_id, id, project_id, type, location) VALUES ('ID', 'ID', 'ID', 'upload', 'x');
                INSERT INTO blobs (workspace_id, sha256, size) VALUES ('ID', '\\x01', 1);
                INSERT INTO blob_parts (workspace_id, sha256, part, bytes) VALUES ('ID', '\\x01', 0, '\\x61');
                INSERT INTO documents (workspace_id, id, project_id, source_id, key) VALUES ('ID', 'ID', 'ID', 'ID', 'k');
                INSERT INTO document_versions (workspace_id, id, project_id, source_id, document_id, version, sha256, file_name, run_id)
                  OVERRIDING SYSTEM VALUE VALUES ('ID', 1, 'ID', 'ID', 'ID', 1, '\\x01', 'f', 1);
                INSERT INTO document_texts (workspace_id, version_id, start_offset, text) VALUES ('ID', 1, 0, 'wave');
                INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header, text, heading_path,
                  start_offset, end_offset, tokens, run_id, valid_from)
                  VALUES ('ID', 'ID', 'ID', 1, 0, 'ID', '', 'wave', '{}', 0, 4, 1, 1, now());
                INSERT INTO lexemes (workspace_id, project_id, lexeme, chunks) VALUES ('ID', 'ID', 'wave', 1);
                INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions) VALUES ('ID', 'ID', 'm', 'f', 3);
                INSERT INTO vectors_1 (workspace_id, content_id, embedding) VALUES ('ID', 'ID', '[1,0,0]');
                INSERT INTO past_vectors (workspace_id, set_id, content_id, embedding) SELECT 'ID', id, 'ID', '[1,0,0]' FROM vector_sets
                  WHERE workspace_id = 'ID';
                INSERT INTO embedding_cache (workspace_id, fingerprint, content_id, embedding) VALUES ('ID', 'f', 'ID', '\\x00');
                INSERT INTO dead_letters (workspace_id, job, step, item_key, run_id, reason, detail)
                  VALUES ('ID', 'ingest', 'extract', 'k', 1, 'EMPTY', '');
                INSERT INTO batch_job_instance (job_instance_id, version, job_name, job_key) VALUES (SLUG, 0, 'j', 'SLUG');
                INSERT INTO launches (workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash, requested_by,
                  requested_on) VALUES ('ID', SLUG, 'j', 's', 'queued', 'api', 'i', '', 'a', 'ID');
                INSERT INTO batch_job_execution (job_execution_id, job_instance_id, create_time) VALUES (SLUG, SLUG, now());
                INSERT INTO runs (workspace_id, run_id, job_instance_id, job, origin, attempt)
                  VALUES ('ID', SLUG, SLUG, 'j', 'api', 1);
                INSERT INTO run_failures (workspace_id, run_id, number, error_class, exception, message, stack)
                  VALUES ('ID', 1, 1, 'UNKNOWN', 'e', 'm', 's');
                INSERT INTO plans (workspace_id, id, job, parameters, world, counts, tokens, cost, seconds, disk_bytes, notes, created_by,
                  expires_at) VALUES ('ID', 'ID', 'j', '{}', 'w', '{}', 0, 0, 0, 0, '[]', 'a', now());
                INSERT INTO schedules (workspace_id, name, definition, timing, paused, paused_in_file)
                  VALUES ('ID', 'nightly', '', '', false, false);
                INSERT INTO schedule_fires (workspace_id, schedule, fire, fire_time, outcome)
                  VALUES ('ID', 'nightly', 'f', now(), 'missed');
                INSERT INTO events (workspace_id, id, type, severity, dedupe_key, message) VALUES ('ID', 'ID', 't', 'info', 'k', 'm');
                INSERT INTO alert_deliveries (workspace_id, event_id, channel, group_key, created_at, due_at)
                  VALUES ('ID', 'ID', 'c', 'k', now(), now());
                INSERT INTO alert_attempts (workspace_id, message_id, attempt, channel, at, delivered, latency_ms)
                  VALUES ('ID', 'ID', 1, 'c', now(), true, 1);
                INSERT INTO audit_entries (workspace_id, actor, action, subject) VALUES ('ID', 'a', 'b', 'c');
                INSERT INTO workspace_quotas (workspace_id) VALUES ('ID');
                INSERT INTO usage_counters (workspace_id, day) VALUES ('ID', '2026-01-01');
                INSERT INTO assets (workspace_id, type, title, content) VALUES ('ID', 't', 't', 'c');
                INSERT INTO history (workspace_id, command, input, output) VALUES ('ID', 'c', 'i', 'o');
                INSERT INTO golden_sets (workspace_id, id, project_id, name) OVERRIDING SYSTEM VALUE VALUES ('ID', 1, 'ID', 'g');
                INSERT INTO golden_questions (workspace_id, project_id, golden_set_id, key, question)
                  VALUES ('ID', 'ID', 1, 'k', 'q');
                INSERT INTO asked_questions (workspace_id, project_id, question_id, question) VALUES ('ID', 'ID', 'ID', 'q');
                INSERT INTO evaluation_runs (workspace_id, id, project_id, set_id, run_id, config, metrics)
                  OVERRIDING SYSTEM VALUE VALUES ('ID', 1, 'ID', 1, 1, '{}', '{}');
                INSERT INTO evaluation_answers (workspace_id, evaluation_id, key, question, found, millis)
                  VALUES ('ID', 1, 'k', 'q', '{}', 1);
                INSERT INTO retention_policies (workspace_id, set_by) VALUES ('ID', 'a');
                INSERT INTO legal_holds (workspace_id, project_id, reason, placed_by) VALUES ('ID', 'ID', 'r', 'a');
                INSERT INTO forget_receipts (workspace_id, id, kind, requested_by) VALUES ('ID', 'ID', 'text', 'a');
                INSERT INTO forget_documents (workspace_id, receipt_id, document_id) VALUES ('ID', 'ID', 'ID');
                INSERT INTO export_parts (workspace_id, job_instance_id, number, kind, name, first_key, last_key, items)
                  VALUES ('ID', 1, 1, 'lines', 'n', '', '', 1);
                """.replace("ID'", id + "'").replace("SLUG", slug));
    }
}
