package dev.tidemill.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.TestDatabase;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Plans, late and edited change sets, roll-back to a tag, drift, and what a killed process leaves.
class SchemaChangesTest {

    @TempDir
    private Path folder;

    @Test
    void aPlanShowsTheStatementsAndChangesNothing() throws Exception {
        try (TestDatabase database = TestDatabase.createEmpty();
                Connection connection = database.dataSource().getConnection()) {
            List<PlannedChange> all = Schema.plan(database.dataSource());

            assertThat(all).hasSize(Schema.status(database.dataSource()).size());
            assertThat(all.stream()
                            .filter(change -> change.id().equals("030-blobs"))
                            .findFirst())
                    .hasValueSatisfying(change -> {
                        assertThat(change.statements()).anyMatch(sql -> sql.startsWith("CREATE TABLE blobs ("));
                        assertThat(change.transactional()).isTrue();
                    });
            assertThat(Sql.number(connection, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
                    .isZero();
            Schema.apply(database.dataSource());
            assertThat(Schema.plan(database.dataSource())).isEmpty();
        }
    }

    @Test
    void aChangeSetThatComesTooLateIsRefusedByNameAndAppliedWhereOneAsksForIt() throws Exception {
        try (TestDatabase database = TestDatabase.createEmpty();
                Connection connection = database.dataSource().getConnection()) {
            Schema.apply(database.dataSource(), "changelog-test/early.yaml");

            assertThatThrownBy(() -> Schema.apply(database.dataSource(), "changelog-test/late.yaml"))
                    .isInstanceOf(SchemaChangeFailed.class)
                    .hasMessageContaining("changelog-test/two.sql::two is not applied")
                    .hasMessageContaining("changelog-test/three.sql::three")
                    .hasMessageContaining("--out-of-order");
            assertThat(Sql.number(connection, "SELECT count(*) FROM pg_tables WHERE tablename = 'two'"))
                    .isZero();

            Schema.apply(database.dataSource(), "changelog-test/late.yaml", true);
            assertThat(Sql.number(connection, "SELECT count(*) FROM pg_tables WHERE tablename = 'two'"))
                    .isEqualTo(1);
            Schema.apply(database.dataSource(), "changelog-test/late.yaml");
        }
    }

    @Test
    void anEditedChangeSetIsRefusedInOneLineWithBothItsNameAndItsChecksum() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.dataSource().getConnection()) {
            Sql.execute(
                    connection,
                    "UPDATE databasechangelog SET md5sum = '9:00000000000000000000000000000000' WHERE id = '040-chunks'");
            assertThatThrownBy(() -> Schema.apply(database.dataSource()))
                    .isInstanceOf(SchemaChangeFailed.class)
                    .hasMessageStartingWith("db/changelog/sql/040-chunks.sql::040-chunks was edited")
                    .hasMessageContaining("9:00000000000000000000000000000000")
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void whatWasAppliedSinceATagIsListedAndTakenBack() throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            Schema.rollBack(database.dataSource(), 3);
            Schema.tag(database.dataSource(), "before");
            Schema.apply(database.dataSource());

            assertThat(Schema.since(database.dataSource(), "before")).hasSize(3);
            assertThatThrownBy(() -> Schema.since(database.dataSource(), "never"))
                    .isInstanceOf(SchemaChangeFailed.class)
                    .hasMessageContaining("known are before");
            Schema.rollBackTo(database.dataSource(), "before");

            assertThat(Schema.status(database.dataSource()).stream().filter(change -> !change.applied()))
                    .hasSize(3);
            assertThat(Schema.since(database.dataSource(), "before")).isEmpty();

            // Liquibase would take this process's word for it that nothing is missing.
            Schema.apply(database.dataSource());
            Schema.apply(database.dataSource());
            Schema.rollBackTo(database.dataSource(), "before");
            Schema.apply(database.dataSource());
            assertThat(Schema.status(database.dataSource())).allMatch(Change::applied);
        }
    }

    @Test
    void aChangeSetThatReliesOnABackfillIsRefusedUntilThatIsDone() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.dataSource().getConnection()) {
            Sql.execute(connection, "UPDATE backfills SET state = 'open', done_at = NULL");
            assertThatThrownBy(() -> Schema.apply(database.dataSource(), "changelog-test/contract.yaml"))
                    .isInstanceOf(SchemaChangeFailed.class)
                    .hasMessageContaining("Change set contract of changelog-test/contract.sql failed")
                    .hasMessageContaining("Expected '0' got '1'");
            assertThat(Schema.drift(database.dataSource())).isEmpty();

            Sql.execute(connection, "UPDATE backfills SET state = 'done', done_at = now()");
            Schema.apply(database.dataSource(), "changelog-test/contract.yaml");
            assertThat(Sql.number(connection, "SELECT count(*) FROM pg_constraint WHERE conname = 'tokens_counted'"))
                    .isEqualTo(1);
            assertThat(Schema.drift(database.dataSource())).isEmpty();
        }
    }

    @Test
    void everyChangeSetOutsideOfATransactionCanBeRunTwice() throws Exception {
        try (TestDatabase database = TestDatabase.createEmpty()) {
            assertThat(Repeatable.offences(database, "db/changelog/master.yaml"))
                    .as("statements that a process killed before they are noted would leave a database stuck with")
                    .isEmpty();
            assertThat(Repeatable.offences(database, "changelog-test/index.yaml"))
                    .isEmpty();
            assertThat(Repeatable.offences(database, "changelog-test/once.yaml"))
                    .containsExactly(
                            "once: CREATE INDEX CONCURRENTLY things_name ON things (name)",
                            "once: DROP INDEX CONCURRENTLY things_name",
                            "twice: ALTER TABLE things ADD COLUMN size integer");
        }
    }

    @Test
    void whatWasChangedPastTheChangeSetsIsNamed() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                Connection connection = database.dataSource().getConnection()) {
            assertThat(Schema.drift(database.dataSource())).isEmpty();
            Sql.execute(connection, "SELECT create_vector_table(7, 3)");
            assertThat(Schema.drift(database.dataSource()))
                    .as("tables of vector sets come and go")
                    .isEmpty();

            Sql.execute(connection, "DROP INDEX chunks_content");
            Sql.execute(connection, "ALTER TABLE documents ADD COLUMN mine text");
            Sql.execute(connection, "ALTER TABLE documents ALTER COLUMN key TYPE varchar(10)");
            Sql.execute(connection, "ALTER TABLE history NO FORCE ROW LEVEL SECURITY");

            assertThat(Schema.drift(database.dataSource()))
                    .anyMatch(line -> line.startsWith("index chunks_content is missing: it was CREATE INDEX"))
                    .anyMatch(line -> line.equals("column documents.mine is none of ours: text"))
                    .anyMatch(line ->
                            line.startsWith("column documents.key was text NOT NULL and is character varying(10)"))
                    .anyMatch(line -> line.equals("row security history was on, forced and is on"))
                    .hasSize(4);
            // A start that has nothing to apply does not take it for right, nor does one that has.
            Schema.apply(database.dataSource());
            assertThat(Schema.drift(database.dataSource())).hasSize(4);
            Schema.rollBack(database.dataSource(), 2);
            assertThat(Schema.drift(database.dataSource())).hasSize(4);
            Schema.apply(database.dataSource());
            assertThat(Schema.drift(database.dataSource())).hasSize(4);
        }
    }

    @Test
    void aProcessKilledInAConcurrentIndexLeavesNoLockAndTheNextOneMakesTheIndex() throws Exception {
        try (TestDatabase database = TestDatabase.createEmpty();
                Connection connection = database.dataSource().getConnection();
                Connection reader = database.dataSource().getConnection()) {
            Sql.execute(connection, "CREATE TABLE things (name text)");
            reader.setAutoCommit(false);
            // The index has to wait for this transaction.
            assertThat(Sql.number(reader, "SELECT count(*) FROM things")).isZero();
            Process process = start(database, "changelog-test/index.yaml");
            await(connection, "SELECT count(*) FROM pg_index WHERE NOT indisvalid", process);

            process.destroyForcibly().waitFor();
            await(connection, "SELECT (count(*) = 0)::integer FROM pg_locks WHERE locktype = 'advisory'", null);
            reader.rollback();
            assertThat(Schema.drift(database.dataSource())).anyMatch(line -> line.contains("things_name is not valid"));

            Schema.apply(database.dataSource(), "changelog-test/index.yaml");
            assertThat(Sql.number(
                            connection,
                            "SELECT count(*) FROM pg_index WHERE indexrelid = 'things_name'::regclass AND indisvalid"))
                    .isEqualTo(1);
            assertThat(Sql.number(connection, "SELECT count(*) FROM pg_tables WHERE tablename = 'after_things'"))
                    .isEqualTo(1);
        }
    }

    private Process start(TestDatabase database, String changelog) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ApplyProcess.class.getName(),
                        database.jdbcUrl(),
                        database.username(),
                        changelog)
                .redirectErrorStream(true)
                .redirectOutput(new File(folder.toFile(), "apply.log"));
        builder.environment().put("TEST_PASSWORD", database.password());
        return builder.start();
    }

    /// Waits in the database until a count is no longer zero.
    private void await(Connection connection, String count, @Nullable Process process) throws SQLException {
        Instant end = Instant.now().plus(Duration.ofSeconds(60));
        while (Sql.number(connection, count) == 0) {
            assertThat(Instant.now()).as(() -> count + "; " + log()).isBefore(end);
            assertThat(process == null || process.isAlive()).as(this::log).isTrue();
            Sql.execute(connection, "SELECT pg_sleep(0.05)");
        }
    }

    private String log() {
        try {
            return Files.readString(folder.resolve("apply.log"));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
