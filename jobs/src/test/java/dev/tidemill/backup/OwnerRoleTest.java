package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.RunView;
import dev.tidemill.schema.Schema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/// What backups and restores can do for an owner of the database who is no superuser, and what they say they cannot.
class OwnerRoleTest {

    private static final String ROLE = "plain_owner";

    @TempDir
    private static Path home;

    private static TestDatabase database;
    private static BackupHarness harness;
    private static String backup;

    @BeforeAll
    static void own() throws SQLException {
        // Makes the roles of the schema on the cluster, as an operator has to where the owner may not.
        TestDatabase.create().close();
        database = TestDatabase.createEmpty();
        superuser("CREATE ROLE " + ROLE + " LOGIN PASSWORD 'plain'");
        for (String role :
                new String[] {"tidemill_app", "tidemill_batch", "tidemill_meta", "tidemill_searcher", "tidemill_backup"
                }) {
            superuser("GRANT " + role + " TO " + ROLE);
        }
        superuser("CREATE EXTENSION vector");
        superuser("ALTER DATABASE " + database.name() + " OWNER TO " + ROLE);
        superuser("ALTER SCHEMA public OWNER TO " + ROLE);
        PGSimpleDataSource owner = new PGSimpleDataSource();
        owner.setUrl(database.jdbcUrl());
        owner.setUser(ROLE);
        owner.setPassword("plain");
        Schema.apply(owner);
        harness = new BackupHarness(
                database.jdbcUrl(), ROLE, "plain", home, Map.of("backup.retention.after-backup", "false"));
        harness.owner
                .sql("INSERT INTO organizations (name, slug) VALUES ('One', 'one')")
                .update();
        backup = harness.backup();
    }

    @AfterAll
    static void drop() throws SQLException {
        harness.close();
        superuser("ALTER DATABASE " + database.name() + " OWNER TO CURRENT_USER");
        try (Connection connection = database.dataSource().getConnection()) {
            // Before what the role owns is given away: databases are part of that.
            for (String left : BackupJob.column(
                    connection,
                    "SELECT datname FROM pg_database JOIN pg_roles r ON r.oid = datdba WHERE rolname = '" + ROLE
                            + "'")) {
                LiveDatabase.execute(connection, "DROP DATABASE " + left + " WITH (FORCE)");
            }
        }
        superuser("REASSIGN OWNED BY " + ROLE + " TO CURRENT_USER");
        superuser("DROP OWNED BY " + ROLE);
        database.close();
        TestDatabase other = TestDatabase.createEmpty();
        try (Connection connection = other.dataSource().getConnection()) {
            LiveDatabase.execute(connection, "DROP ROLE " + ROLE);
        }
        other.close();
    }

    private static void superuser(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            LiveDatabase.execute(connection, sql);
        }
    }

    @Test
    void aBackupIsMadeThroughTheRoleThatSeesAllAndHoldsEveryTable() {
        Manifest manifest = harness.catalogue().open(backup).manifest();

        assertThat(manifest.table("public.organizations").rows()).isEqualTo(1);
        assertThat(manifest.owner()).isEqualTo(ROLE);
        assertThat(harness.run("verify", Map.of("backup", backup)).status()).isEqualTo("COMPLETED");
    }

    @Test
    void aRestoreSaysWhichRightIsMissingBeforeItMakesAnything() throws Exception {
        superuser("ALTER ROLE " + ROLE + " NOCREATEDB");

        assertThat(harness.runs()
                        .plans()
                        .make(
                                BackupHarness.OPERATORS,
                                "restore",
                                Map.of("backup", backup, "database", "plain_copy"),
                                "t")
                        .plan()
                        .notes())
                .anyMatch(note -> note.startsWith("? extension vector") && note.contains("superuser"));
        RunView run = harness.run("restore", Map.of("backup", backup, "database", "plain_copy"));

        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message()).contains("may not create databases").contains("CREATEDB");
        assertThat(Draft.made(harness.live())).isEmpty();
    }

    @Test
    void whereOnlyASuperuserMayMakeTheExtensionTheRestoreFailsByItsNameAndTheLiveDatabaseIsUntouched()
            throws Exception {
        superuser("ALTER ROLE " + ROLE + " CREATEDB");

        RunView run = harness.run("restore", Map.of("backup", backup, "database", "plain_second"));

        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message()).contains("permission denied to create extension \"vector\"");
        RunView drill = harness.run("drill", Map.of("backup", backup));
        assertThat(drill.message()).contains("permission denied to create extension");
        harness.bean(Scratch.class).sweep();
        assertThat(Draft.made(harness.live())).noneMatch(made -> made.contains("by drill"));
        assertThat(harness.owner
                        .sql("SELECT count(*) FROM organizations")
                        .query(Long.class)
                        .single())
                .isEqualTo(1);
        superuser("ALTER ROLE " + ROLE + " NOCREATEDB");
    }
}
