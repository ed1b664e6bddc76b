package dev.tidemill.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.PGConnection;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The platform serves an application without documents: launch, kill, shutdown, resume, dead letters, history.
@Timeout(180)
class PlatformTest {

    private TestDatabase database;
    private JdbcClient owner;

    @BeforeEach
    void create() {
        database = TestDatabase.createPlatform();
        owner = JdbcClient.create(database.dataSource());
        owner.sql("CREATE TABLE sacks (id integer PRIMARY KEY, grams integer NOT NULL)")
                .update();
        owner.sql("CREATE TABLE weighed (id integer PRIMARY KEY, grams integer NOT NULL)")
                .update();
        owner.sql("GRANT SELECT, INSERT ON sacks, weighed TO tidemill_batch").update();
        owner.sql("INSERT INTO sacks SELECT n, CASE WHEN n % 100 = 0 THEN 0 ELSE n END FROM generate_series(1, 3000) n")
                .update();
    }

    @AfterEach
    void close() {
        database.close();
    }

    private Process startProcess() throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WeighingProcess.class.getName(),
                        database.jdbcUrl(),
                        database.username())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("TEST_PASSWORD", database.password());
        return builder.start();
    }

    /// Starts the application and waits until it has weighed some sacks.
    private Process startedAndAtWork() throws Exception {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_notify('weighed', NEW.id::text); RETURN NULL; END $$
                    """);
            statement.execute(
                    "CREATE TRIGGER tell AFTER INSERT ON weighed FOR EACH ROW WHEN (NEW.id = 20) EXECUTE FUNCTION tell()");
            statement.execute("LISTEN weighed");
            Process process = startProcess();
            assertThat(connection.unwrap(PGConnection.class).getNotifications(120_000))
                    .hasSize(1);
            return process;
        }
    }

    private void goesOnToTheEnd() throws Exception {
        long before = number("SELECT count(*) FROM weighed");
        assertThat(before).isBetween(20L, 2_999L);
        try (var context = WeighingProcess.start(database.jdbcUrl(), database.username(), database.password())) {
            Runs runs = context.getBean(Runs.class);
            RunView run = runs.finished(1).get(120, TimeUnit.SECONDS);

            assertThat(run.status()).isEqualTo("COMPLETED");
            assertThat(runs.list(10))
                    .extracting(RunView::job)
                    .containsOnly("weigh")
                    .hasSize(2);
        }
        assertThat(number("SELECT count(*) FROM weighed")).isEqualTo(3_000);
        assertThat(number("SELECT count(*) FROM dead_letters WHERE reason = 'EMPTY'"))
                .isEqualTo(30);
        assertThat(number("SELECT max(attempts) FROM dead_letters")).isEqualTo(1);
        assertThat(number("SELECT count(*) FROM launches WHERE state = 'completed'"))
                .isEqualTo(1);
    }

    @Test
    void aJobOfAnotherApplicationIsGoneOnWithAfterItsProcessWasKilled() throws Exception {
        startedAndAtWork().destroyForcibly().waitFor();

        goesOnToTheEnd();
        assertThat(number("SELECT commits_at_death FROM launches")).isPositive();
    }

    @Test
    void aProcessThatIsToldToEndFinishesItsChunkAndTheNextGoesOnWithoutCountingAFailure() throws Exception {
        Process process = startedAndAtWork();
        long asked = System.nanoTime();
        process.destroy();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - asked)).isLessThan(Duration.ofSeconds(30));
        assertThat(owner.sql("SELECT state FROM launches").query(String.class).single())
                .isEqualTo("waiting");
        goesOnToTheEnd();
        assertThat(number("SELECT failures + deaths FROM launches")).isZero();
        assertThat(owner.sql("SELECT status FROM batch_job_execution ORDER BY job_execution_id")
                        .query(String.class)
                        .list())
                .isEqualTo(List.of("STOPPED", "COMPLETED"));
    }

    @Test
    void thePlatformHasNoTableOfDocumentsAndNeedsNoVectors() {
        assertThat(owner.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
                        .query(String.class)
                        .list())
                .contains("launches", "job_leases", "dead_letters", "audit_entries", "batch_job_instance")
                .doesNotContain("documents", "chunks", "workspaces", "embedding_cache");
        assertThat(number("SELECT count(*) FROM pg_extension WHERE extname = 'vector'"))
                .isZero();
    }

    private long number(String sql) {
        return owner.sql(sql).query(Long.class).single();
    }
}
