package dev.tidemill.run;

import org.springframework.jdbc.core.simple.JdbcClient;

/// The table `runs`, in the caller's transaction of [Control]: which workspace a run belongs to, and how it came
/// about.
final class RunRecords {

    private final JdbcClient jdbc;

    RunRecords(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Notes the newest run of a launch.
    void add(long instanceId, long runId) {
        int rows =
                jdbc.sql("""
                        WITH launch AS (
                          UPDATE launches SET last_run_id = :run WHERE job_instance_id = :instance
                          RETURNING workspace_id, job, origin)
                        INSERT INTO runs (workspace_id, run_id, job_instance_id, job, origin, attempt)
                        SELECT workspace_id, :run, :instance, job, origin,
                          1 + (SELECT count(*) FROM runs WHERE job_instance_id = :instance)
                        FROM launch
                        """).param("run", runId).param("instance", instanceId).update();
        if (rows != 1) {
            throw new IllegalStateException("the launch of job instance " + instanceId + " is gone");
        }
    }

    /// Notes who works on a run, and with which settings.
    void started(long runId, Node node, String configHash) {
        jdbc.sql("""
                        UPDATE runs SET boot_id = :boot, node = :node, code_version = :version, config_hash = :config
                        WHERE run_id = :run
                        """)
                .param("boot", node.bootId())
                .param("node", node.name())
                .param("version", node.version())
                .param("config", configHash)
                .param("run", runId)
                .update();
    }

    /// Notes that a run is over, by the clock of the database. The first word on it counts. A backup before a change of
    /// the schema is a run, too, and the change may be the one that brings the column.
    void ended(long runId) {
        if (!knowsEnds()) {
            return;
        }
        jdbc.sql("UPDATE runs SET ended_at = clock_timestamp() WHERE run_id = :run AND ended_at IS NULL")
                .param("run", runId)
                .update();
    }

    private boolean knowsEnds() {
        return jdbc.sql("""
                        SELECT EXISTS (SELECT FROM pg_attribute
                                       WHERE attrelid = to_regclass('runs') AND attname = 'ended_at' AND NOT attisdropped)
                        """).query(Boolean.class).single();
    }

    /// Notes how many items a launch gave up on, over all its runs.
    void refused(long instanceId, long items) {
        jdbc.sql("UPDATE launches SET refused = :items WHERE job_instance_id = :instance")
                .param("items", items)
                .param("instance", instanceId)
                .update();
    }
}
