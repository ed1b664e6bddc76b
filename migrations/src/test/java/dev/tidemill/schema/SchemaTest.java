package dev.tidemill.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SchemaTest {

    /// Everything a person could have changed: columns, constraints, indexes, policies, grants, routines, comments.
    private static final List<String> FINGERPRINT = List.of(
            """
            SELECT format('%s.%s %s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                          a.attidentity, pg_get_expr(d.adbin, d.adrelid), a.attstorage)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'S') AND a.attnum > 0 AND NOT a.attisdropped
              AND c.relname NOT LIKE 'databasechangelog%' ORDER BY 1
            """,
            """
            SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE 'databasechangelog%' ORDER BY 1
            """,
            """
            SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'databasechangelog%' ORDER BY 1
            """,
            "SELECT format('%s %s %s %s %s', tablename, policyname, roles, qual, with_check) FROM pg_policies ORDER BY 1",
            """
            SELECT format('%s %s %s %s', relname, relrowsecurity, relforcerowsecurity, relacl) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') AND relname NOT LIKE 'databasechangelog%' ORDER BY 1
            """,
            """
            SELECT format('%s %s %s %s', oid::regprocedure, prosrc, proacl, proowner::regrole) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
              SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e') ORDER BY 1
            """,
            """
            SELECT format('%s %s %s', objoid::regclass, (SELECT attname FROM pg_attribute
                     WHERE attrelid = objoid AND attnum = objsubid AND objsubid > 0), description) FROM pg_description
            WHERE classoid = 'pg_class'::regclass AND objoid IN (
              SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY 1
            """);

    @Test
    void anEmptyDatabaseGetsEveryChangeSetOnceAndASecondRunChangesNothing() throws Exception {
        try (TestDatabase database = TestDatabase.createEmpty()) {
            assertThat(Schema.status(database.dataSource())).isNotEmpty().noneMatch(Change::applied);
            Schema.apply(database.dataSource());
            List<Change> changes = Schema.status(database.dataSource());
            assertThat(changes)
                    .allMatch(Change::applied)
                    .allMatch(change -> change.author().equals("tidemill"));
            assertThat(changes.getFirst().file()).isEqualTo("db/changelog/sql/010-roles.sql");

            long applied = applied(database);
            Schema.apply(database.dataSource());
            assertThat(applied(database)).isEqualTo(applied).isEqualTo(changes.size());
        }
    }

    @Test
    void statusOfAnEmptyDatabaseLeavesItEmpty() throws Exception {
        try (TestDatabase database = TestDatabase.createEmpty();
                Connection connection = database.dataSource().getConnection()) {
            Schema.status(database.dataSource());
            assertThat(Sql.number(connection, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
                    .isZero();
        }
    }

    @Test
    void rollingEverythingBackAndApplyingItAgainGivesTheSameSchema() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            List<String> before = fingerprint(database);
            int changes = Schema.status(database.dataSource()).size();

            Schema.rollBack(database.dataSource(), changes);

            assertThat(Schema.status(database.dataSource())).noneMatch(Change::applied);
            assertThat(fingerprint(database)).as("what no rollback removed").isEmpty();
            Schema.apply(database.dataSource());
            assertThat(fingerprint(database)).isEqualTo(before).hasSizeGreaterThan(300);
        }
    }

    @Test
    void everyChangeSetAloneCanBeRolledBackAndAppliedAgain() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            List<String> before = fingerprint(database);
            int changes = Schema.status(database.dataSource()).size();
            for (int count = 1; count <= changes; count += 8) {
                Schema.rollBack(database.dataSource(), count);
                assertThat(Schema.status(database.dataSource()).stream().filter(Change::applied))
                        .hasSize(changes - count);
                Schema.apply(database.dataSource());
                assertThat(fingerprint(database))
                        .as("after %s change sets", count)
                        .isEqualTo(before);
            }
        }
    }

    @Test
    void fourProcessesApplyingAtOnceEndWithOneSchema() throws Exception {
        try (TestDatabase database = TestDatabase.createEmpty();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Boolean> apply = () -> {
                Schema.apply(database.dataSource());
                return true;
            };
            for (Future<Boolean> done : threads.invokeAll(List.of(apply, apply, apply, apply))) {
                assertThat(done.get()).isTrue();
            }
            assertThat(applied(database))
                    .isEqualTo(Schema.status(database.dataSource()).size());
        }
    }

    @Test
    void aLockLeftBehindByADeadProcessIsNoObstacle() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.dataSource().getConnection()) {
            Sql.execute(connection, "UPDATE databasechangeloglock SET locked = true, lockedby = 'a dead machine'");
            Schema.rollBack(database.dataSource(), 1);
            Schema.apply(database.dataSource());
            assertThat(Schema.status(database.dataSource())).allMatch(Change::applied);
        }
    }

    @Test
    void aFailingChangeSetIsNamedWithItsFileAndReason() throws Exception {
        try (TestDatabase database = TestDatabase.createEmpty();
                Connection connection = database.dataSource().getConnection()) {
            Sql.execute(connection, "CREATE TABLE blobs (mine text)");
            assertThatThrownBy(() -> Schema.apply(database.dataSource()))
                    .isInstanceOf(SchemaChangeFailed.class)
                    .hasMessageContaining("030-blobs")
                    .hasMessageContaining("db/changelog/sql/030-documents.sql")
                    .hasMessageContaining("relation \"blobs\" already exists");
            assertThat(Schema.status(database.dataSource()).stream().filter(Change::applied))
                    .extracting(Change::id)
                    .contains("030-sources")
                    .doesNotContain("030-blobs", "030-documents");

            Sql.execute(connection, "DROP TABLE blobs");
            Schema.apply(database.dataSource());
            assertThat(Schema.status(database.dataSource())).allMatch(Change::applied);
        }
    }

    @Test
    void anAppliedChangeSetThatWasEditedLaterIsRefusedByName() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.dataSource().getConnection()) {
            Sql.execute(
                    connection,
                    "UPDATE databasechangelog SET md5sum = '9:00000000000000000000000000000000' WHERE id = '030-blobs'");
            assertThatThrownBy(() -> Schema.apply(database.dataSource()))
                    .isInstanceOf(SchemaChangeFailed.class)
                    .hasMessageContaining("db/changelog/sql/030-documents.sql::030-blobs");
        }
    }

    @Test
    void applyingSaysNothingOnStandardOutput() {
        PrintStream before = System.out;
        var captured = new ByteArrayOutputStream();
        try (TestDatabase database = TestDatabase.createEmpty();
                var stream = new PrintStream(captured, true, StandardCharsets.UTF_8)) {
            System.setOut(stream);
            Schema.apply(database.dataSource());
        } finally {
            System.setOut(before);
        }
        assertThat(captured.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    private static long applied(TestDatabase database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            return Sql.number(connection, "SELECT count(*) FROM databasechangelog");
        }
    }

    static List<String> fingerprint(TestDatabase database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            return FINGERPRINT.stream()
                    .flatMap(query -> {
                        try {
                            return Sql.column(connection, query).stream();
                        } catch (SQLException failed) {
                            throw new IllegalStateException(query, failed);
                        }
                    })
                    .toList();
        }
    }
}
