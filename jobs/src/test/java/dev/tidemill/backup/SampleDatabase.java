package dev.tidemill.backup;

import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.search.TestCorpus;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;

/// A database with two workspaces, originals of some megabytes, a vector index and a table that no list of ours
/// knows.
final class SampleDatabase implements AutoCloseable {

    private static final String[] WORDS =
            ("vacuum wraparound archive segment recovery index predicate planner statistics"
                            + " checkpoint buffer replica timeline snapshot isolation deadlock partition tablespace sequence trigger"
                            + " extension operator catalog relation visibility freeze toast commit rollback savepoint")
                    .split(" ");

    final TestCorpus corpus = new TestCorpus();
    final UUID mine = corpus.workspace("mine");
    final UUID theirs = corpus.workspace("theirs");

    SampleDatabase() {
        Random random = new Random(7);
        for (int i = 0; i < 12; i++) {
            corpus.document(mine, "doc-" + i + ".md", text(random), text(random), text(random));
        }
        corpus.document(theirs, "secret.md", text(random), text(random));
        for (int i = 0; i < 24; i++) {
            byte[] bytes = new byte[60_000];
            random.nextBytes(bytes);
            UUID workspace = i % 4 == 0 ? theirs : mine;
            byte[] hash = {(byte) i, 1, 2, 3};
            corpus.owner()
                    .sql("INSERT INTO blobs (workspace_id, sha256, size) VALUES (:w, :hash, 60000)")
                    .param("w", workspace)
                    .param("hash", hash)
                    .update();
            corpus.owner()
                    .sql("INSERT INTO blob_parts VALUES (:w, :hash, 0, :bytes)")
                    .param("w", workspace)
                    .param("hash", hash)
                    .param("bytes", bytes)
                    .update();
        }
        corpus.owner().sql("""
                WITH s AS (INSERT INTO golden_sets (workspace_id, project_id, name)
                           SELECT workspace_id, id, 'vacuum' FROM projects WHERE workspace_id = :mine RETURNING *)
                INSERT INTO golden_questions (workspace_id, project_id, golden_set_id, key, question)
                SELECT workspace_id, project_id, id, 'q1', 'how does vacuum prevent wraparound?' FROM s
                """).param("mine", mine).update();
        execute(
                "SELECT set_config('tidemill.workspace_id', workspace_id::text, false) FROM vector_sets ORDER BY id LIMIT 1;"
                        + " SELECT create_vector_index((SELECT min(id) FROM vector_sets))");
        execute(
                "CREATE TABLE \"Odd Table\" (id integer PRIMARY KEY, \"a b\" text, twice integer GENERATED ALWAYS AS (id * 2) STORED);"
                        + " INSERT INTO \"Odd Table\" VALUES (1, E'tab\\there'), (2, NULL), (3, '\\.')");
        // No binary form: its rows go in the text form.
        execute(
                "CREATE TABLE textual (id integer, rights aclitem); INSERT INTO textual VALUES (1, 'tidemill=r/tidemill')");
        execute(
                "CREATE TABLE big AS SELECT n AS id, md5(n::text) || repeat('x', 200) AS text FROM generate_series(1, 3000) n");
        execute("CREATE SCHEMA other CREATE TABLE things (id serial PRIMARY KEY, at timestamptz DEFAULT now())");
        execute("INSERT INTO other.things DEFAULT VALUES; INSERT INTO other.things DEFAULT VALUES");
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            text.append(WORDS[random.nextInt(WORDS.length)]).append(i % 9 == 8 ? ". " : " ");
        }
        return text.toString().strip();
    }

    TestDatabase database() {
        return corpus.database();
    }

    void execute(String sql) {
        try (Connection connection = database().dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException("cannot run " + sql, e);
        }
    }

    BackupHarness harness(Path home, Map<String, String> settings) {
        return new BackupHarness(database(), home, settings);
    }

    /// Every table with a digest of its rows, whatever their order; tables that the runs themselves write are left out.
    Map<String, String> digest(String database) throws SQLException {
        Map<String, String> digest = new TreeMap<>();
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            List<String> tables = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery("""
                    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
                      AND c.relname !~ '^(batch_|launches|runs|run_|nodes|job_leases|items_in_hand|backup|drills|events|alert_|qrtz_|schedule|plans|audit|databasechangeloglock)'
                    ORDER BY 1
                    """)) {
                while (rows.next()) {
                    tables.add(rows.getString(1));
                }
            }
            for (String table : tables) {
                try (ResultSet row = statement.executeQuery(
                        "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM " + table
                                + " t")) {
                    row.next();
                    digest.put(table, row.getString(1));
                }
            }
        }
        return digest;
    }

    Connection connect(String name) throws SQLException {
        return DriverManager.getConnection(
                database().jdbcUrl().replaceFirst("/[^/]*$", "/" + name),
                database().username(),
                database().password());
    }

    void drop(String name) {
        try (Connection connection = connect("postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    long number(String database, String sql) throws SQLException {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    @Override
    public void close() {
        corpus.close();
    }
}
