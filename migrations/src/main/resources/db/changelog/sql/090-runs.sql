--liquibase formatted sql

-- The platform under the jobs. It needs the job repository and nothing of the documents: platform.yaml applies it without them.
-- Rows of the whole installation, of no single workspace, carry the nil UUID.

-- A process that works on runs. It writes its row every few seconds; once the row has expired by the database's clock, or the process
-- is known to be gone, others take over what it worked on.
--changeset tidemill:090-nodes
CREATE TABLE nodes (
  boot_id uuid PRIMARY KEY,
  name text NOT NULL,
  place text,
  pid bigint NOT NULL,
  process_started_at timestamptz,
  version text NOT NULL,
  adopts boolean NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON COLUMN nodes.place IS 'kernel and process namespace in which the pid means this process; null where unknown';
COMMENT ON COLUMN nodes.adopts IS 'whether it takes over runs that other processes queued or left';
GRANT SELECT, INSERT, UPDATE, DELETE ON nodes TO tidemill_meta;
GRANT SELECT ON nodes TO tidemill_batch, tidemill_app, tidemill_backup;
--rollback DROP TABLE nodes;

-- Who may write for a job instance. Every transaction of a run touches its row as its last statement, with the fence that the run was
-- given: after a takeover has raised the fence, an older process can commit nothing more.
--changeset tidemill:090-job-leases
CREATE TABLE job_leases (
  job_instance_id bigint PRIMARY KEY REFERENCES batch_job_instance ON DELETE CASCADE,
  boot_id uuid,
  fence bigint NOT NULL DEFAULT 1,
  commits bigint NOT NULL DEFAULT 0,
  careful boolean NOT NULL DEFAULT false,
  acquired_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
COMMENT ON COLUMN job_leases.boot_id IS 'the process that holds it, null when it is free';
COMMENT ON COLUMN job_leases.careful IS 'whether its last process died at work: the next one notes each item that it takes in hand';
CREATE INDEX job_leases_boot ON job_leases (boot_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON job_leases TO tidemill_meta;
GRANT SELECT, UPDATE ON job_leases TO tidemill_batch;
GRANT SELECT ON job_leases TO tidemill_app, tidemill_backup;
--rollback DROP TABLE job_leases;

-- What was asked for, once. A launch is one job instance; its runs are that instance's executions. The role of the platform sees all
-- workspaces, as it decides what may run beside what.
--changeset tidemill:090-launches
CREATE TABLE launches (
  workspace_id uuid NOT NULL,
  job_instance_id bigint NOT NULL REFERENCES batch_job_instance ON DELETE CASCADE,
  job text NOT NULL,
  subject text NOT NULL,
  state text NOT NULL CHECK (state IN
    ('queued', 'running', 'waiting', 'completed', 'stopped', 'failed', 'needs_operator', 'abandoned')),
  origin text NOT NULL,
  identity text NOT NULL,
  request_hash text NOT NULL,
  priority integer NOT NULL DEFAULT 0,
  requested_by text NOT NULL,
  reason text NOT NULL DEFAULT '',
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  requested_on uuid NOT NULL,
  plan_id uuid,
  config_hash text NOT NULL DEFAULT '',
  code_version text NOT NULL DEFAULT '',
  traceparent text,
  waiting_for text,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  stop_requested_at timestamptz,
  failures integer NOT NULL DEFAULT 0,
  commits_at_failure bigint NOT NULL DEFAULT -1,
  deaths integer NOT NULL DEFAULT 0,
  commits_at_death bigint NOT NULL DEFAULT -1,
  last_error text,
  started_at timestamptz,
  ended_at timestamptz,
  PRIMARY KEY (workspace_id, job_instance_id),
  UNIQUE (workspace_id, job, identity)
);
COMMENT ON COLUMN launches.identity IS 'the same identity is the same launch: an Idempotency-Key, a schedule with its fire time, or random';
COMMENT ON COLUMN launches.request_hash IS 'of the parameters as they were given: an identity stands for one request only';
COMMENT ON COLUMN launches.requested_on IS 'boot id of the process that took the request';
COMMENT ON COLUMN launches.due_at IS 'not before this time: the wait before another try';
COMMENT ON COLUMN launches.failures IS 'tries that failed for a cause that may pass, without a commit in between';
COMMENT ON COLUMN launches.deaths IS 'times that its process died without a commit in between';
CREATE INDEX launches_instance ON launches (job_instance_id);
CREATE INDEX launches_live ON launches (state, due_at) WHERE state IN ('queued', 'running', 'waiting');
CREATE UNIQUE INDEX launches_one_at_work ON launches (workspace_id, subject) WHERE state = 'running';
CREATE INDEX launches_job ON launches (workspace_id, job, job_instance_id DESC);
CREATE INDEX launches_state ON launches (workspace_id, state, job_instance_id DESC);
CALL protect_tenant_table('launches');
CREATE POLICY platform ON launches TO tidemill_meta USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON launches TO tidemill_meta;
--rollback DROP TABLE launches;

-- Exceptions whole: the job repository cuts them at 2,500 characters.
--changeset tidemill:090-run-failures
CREATE TABLE run_failures (
  workspace_id uuid NOT NULL,
  run_id bigint NOT NULL,
  number integer NOT NULL,
  step text,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  error_class text NOT NULL,
  exception text NOT NULL,
  message text NOT NULL,
  stack text NOT NULL,
  PRIMARY KEY (workspace_id, run_id, number)
);
CALL protect_tenant_table('run_failures');
CREATE POLICY platform ON run_failures TO tidemill_meta USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON run_failures TO tidemill_meta;
--rollback DROP TABLE run_failures;

-- Items in work while a run is careful: after its process died without progress, one of them may be what kills it.
--changeset tidemill:090-items-in-hand
CREATE TABLE items_in_hand (
  job_instance_id bigint NOT NULL REFERENCES batch_job_instance ON DELETE CASCADE,
  step text NOT NULL,
  item_key text NOT NULL,
  deaths integer NOT NULL DEFAULT 0,
  in_hand boolean NOT NULL,
  PRIMARY KEY (job_instance_id, step, item_key)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON items_in_hand TO tidemill_meta, tidemill_batch;
GRANT SELECT ON items_in_hand TO tidemill_app, tidemill_backup;
--rollback DROP TABLE items_in_hand;

-- Dead letters and the audit serve applications without the document tables too, so they refer to no workspace row. Both exist
-- already where the documents' tables were applied before.
--changeset tidemill:090-dead-letters splitStatements:false
CREATE TABLE IF NOT EXISTS dead_letters (
  workspace_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  job text NOT NULL,
  step text NOT NULL,
  item_key text NOT NULL,
  version_id bigint,
  run_id bigint NOT NULL,
  reason text NOT NULL,
  detail text NOT NULL,
  attempts integer NOT NULL DEFAULT 1,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, job, step, item_key)
);
ALTER TABLE dead_letters DROP CONSTRAINT IF EXISTS dead_letters_workspace_id_fkey;
CREATE TABLE IF NOT EXISTS audit_entries (
  workspace_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (workspace_id, id)
);
ALTER TABLE audit_entries DROP CONSTRAINT IF EXISTS audit_entries_workspace_id_fkey;
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['dead_letters', 'audit_entries'] LOOP
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = name::regclass) THEN
      CALL protect_tenant_table(name);
    END IF;
    EXECUTE format('CREATE POLICY platform ON %I TO tidemill_meta USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;
CREATE INDEX IF NOT EXISTS dead_letters_open ON dead_letters (workspace_id, reason, id) WHERE resolved_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letters TO tidemill_meta;
REVOKE UPDATE, DELETE ON audit_entries FROM tidemill_app, tidemill_batch;
GRANT SELECT, INSERT ON audit_entries TO tidemill_meta;
--rollback DROP POLICY platform ON dead_letters; DROP POLICY platform ON audit_entries; REVOKE ALL ON dead_letters, audit_entries FROM tidemill_meta;

-- A launch is gone on with only by a program whose job still has these steps.
--changeset tidemill:090-launch-steps
ALTER TABLE launches ADD COLUMN steps text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN launches.steps IS 'names of the steps that the job had when it was launched';
--rollback ALTER TABLE launches DROP COLUMN steps;
