--liquibase formatted sql

-- Runs as their workspace sees them. The job repository's tables know no workspace; every read of the history starts here, so that
-- row-level security scopes it, and its filters and its order have their indexes.
--changeset tidemill:091-runs
CREATE TABLE runs (
  workspace_id uuid NOT NULL,
  run_id bigint NOT NULL REFERENCES batch_job_execution ON DELETE CASCADE,
  job_instance_id bigint NOT NULL,
  job text NOT NULL,
  origin text NOT NULL,
  attempt integer NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  boot_id uuid,
  node text,
  config_hash text NOT NULL DEFAULT '',
  code_version text NOT NULL DEFAULT '',
  PRIMARY KEY (workspace_id, run_id)
);
COMMENT ON COLUMN runs.attempt IS '1 for the first run of a launch, one more for each that went on with it';
COMMENT ON COLUMN runs.boot_id IS 'the process that works on it, null before it started';
COMMENT ON COLUMN runs.node IS 'name of that process, kept when its row in nodes is forgotten';
COMMENT ON COLUMN runs.config_hash IS 'of the settings of the job when the run started; equal hashes are equal settings';
CREATE INDEX runs_run ON runs (run_id);
CREATE INDEX runs_launch ON runs (workspace_id, job_instance_id, run_id);
CREATE INDEX runs_job ON runs (workspace_id, job, run_id);
CREATE INDEX runs_origin ON runs (workspace_id, origin, run_id);
CREATE INDEX runs_requested ON runs (workspace_id, requested_at);
CALL protect_tenant_table('runs');
CREATE POLICY platform ON runs TO tidemill_meta USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON runs TO tidemill_meta;
--rollback DROP TABLE runs;

--changeset tidemill:091-launches
ALTER TABLE launches ADD COLUMN last_run_id bigint;
ALTER TABLE launches ADD COLUMN refused bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN launches.last_run_id IS 'its newest run';
COMMENT ON COLUMN launches.refused IS 'items that it gave up on, over all its runs; known once it has completed';
--rollback ALTER TABLE launches DROP COLUMN last_run_id, DROP COLUMN refused;

-- The owner fills in what was launched before; its own row-level security would hide it.
--changeset tidemill:091-earlier-runs
ALTER TABLE launches NO FORCE ROW LEVEL SECURITY;
ALTER TABLE runs NO FORCE ROW LEVEL SECURITY;
INSERT INTO runs (workspace_id, run_id, job_instance_id, job, origin, attempt, requested_at)
  SELECT l.workspace_id, e.job_execution_id, l.job_instance_id, l.job, l.origin,
    row_number() OVER (PARTITION BY l.job_instance_id ORDER BY e.job_execution_id), l.requested_at
  FROM launches l JOIN batch_job_execution e ON e.job_instance_id = l.job_instance_id;
UPDATE launches l SET last_run_id = (SELECT max(r.run_id) FROM runs r WHERE r.job_instance_id = l.job_instance_id);
ALTER TABLE launches FORCE ROW LEVEL SECURITY;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
--rollback SELECT 1;

-- Values may be longer than an index takes, so their hash stands for them.
--changeset tidemill:091-parameter-values
CREATE INDEX batch_job_execution_params_value ON batch_job_execution_params (parameter_name, md5(parameter_value), job_execution_id);
--rollback DROP INDEX batch_job_execution_params_value;
