package dev.tidemill.run;

import dev.tidemill.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;

/// A history written straight into the tables, and read as the role that answers callers.
final class History implements AutoCloseable {

    static final Instant NOW = Instant.parse("2026-05-01T12:00:00Z");

    private final TestDatabase database = TestDatabase.create();
    final JdbcClient owner = JdbcClient.create(database.dataSource());
    final JdbcClient app;
    final JdbcTransactionManager transactions;
    final RunHistory runs;

    History() {
        DataSource source = asApp(database.dataSource());
        app = JdbcClient.create(source);
        transactions = new JdbcTransactionManager(source);
        runs = new RunHistory(app, transactions, new Jobs(List.of()), InstantSource.fixed(NOW));
    }

    private static DataSource asApp(DataSource source) {
        return new DelegatingDataSource(source) {
            @Override
            public Connection getConnection() throws SQLException {
                Connection connection = super.getConnection();
                try (Statement role = connection.createStatement()) {
                    role.execute("SET ROLE tidemill_app");
                }
                return connection;
            }
        };
    }

    /// Several statements, as the owner.
    void script(String sql) {
        new JdbcTemplate(database.dataSource()).execute(sql);
    }

    /// A launch without runs.
    void launch(UUID workspace, long launch, String job, String state) {
        owner.sql(
                        "INSERT INTO batch_job_instance (job_instance_id, version, job_name, job_key) VALUES (:id, 0, :job, :id)")
                .param("id", launch)
                .param("job", job)
                .update();
        owner.sql("""
                        INSERT INTO launches (workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash,
                          requested_by, reason, requested_on, priority)
                        VALUES (:w, :id, :job, 'source ' || :id, :state, 'api', :id, '', 'key k', 'because', :w, 3)
                        """)
                .param("w", workspace)
                .param("id", launch)
                .param("job", job)
                .param("state", state)
                .update();
    }

    /// The next run of a launch.
    void run(
            long launch,
            long run,
            String status,
            @Nullable Instant start,
            @Nullable Instant end,
            Map<String, String> parameters) {
        owner.sql("""
                        INSERT INTO batch_job_execution (job_execution_id, version, job_instance_id, create_time, start_time,
                          end_time, status, exit_message)
                        VALUES (:run, 0, :launch, :created, :start, :end, :status, '')
                        """)
                .param("run", run)
                .param("launch", launch)
                .param("created", local(start == null ? NOW : start))
                .param("start", start == null ? null : local(start), java.sql.Types.TIMESTAMP)
                .param("end", end == null ? null : local(end), java.sql.Types.TIMESTAMP)
                .param("status", status)
                .update();
        parameters.forEach((name, value) -> owner.sql("""
                        INSERT INTO batch_job_execution_params
                        VALUES (:run, :name, 'java.lang.String', :value, 'N')
                        """)
                .param("run", run)
                .param("name", name)
                .param("value", value)
                .update());
        new RunRecords(owner).add(launch, run);
    }

    /// A step execution; its id is that of the run times 100 plus a number.
    void step(long run, int number, String name, long written, @Nullable Instant end, String context) {
        owner.sql("""
                        INSERT INTO batch_step_execution (step_execution_id, version, step_name, job_execution_id, create_time,
                          start_time, end_time, status, commit_count, read_count, filter_count, write_count, read_skip_count,
                          write_skip_count, process_skip_count, rollback_count, exit_message)
                        VALUES (:id, 0, :name, :run, :start, :start, :end, :status, 4, :written, 0, :written, 0, 0, 0, 1, '')
                        """)
                .param("id", run * 100 + number)
                .param("name", name)
                .param("run", run)
                .param("start", local(NOW.minusSeconds(60)))
                .param("end", end == null ? null : local(end), java.sql.Types.TIMESTAMP)
                .param("status", end == null ? "STARTED" : "COMPLETED")
                .param("written", written)
                .update();
        owner.sql("INSERT INTO batch_step_execution_context (step_execution_id, short_context) VALUES (:id, :context)")
                .param("id", run * 100 + number)
                .param("context", context)
                .update();
    }

    void failure(UUID workspace, long run, int number, ErrorClass kind, String message) {
        owner.sql(
                        "INSERT INTO run_failures VALUES (:w, :run, :n, 'embed', now(), :kind, 'java.io.IOException', :m, :stack)")
                .param("w", workspace)
                .param("run", run)
                .param("n", number)
                .param("kind", kind.name())
                .param("m", message)
                .param("stack", "java.io.IOException: " + message + "\n\tat a.b.C.d(C.java:1)")
                .update();
    }

    static LocalDateTime local(Instant at) {
        return LocalDateTime.ofInstant(at, ZoneId.systemDefault());
    }

    @Override
    public void close() {
        database.close();
    }
}
