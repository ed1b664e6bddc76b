--liquibase formatted sql

-- What the files in schedules/ said when they were last read, so that all processes work by the same text, and a schedule that hangs
-- on the end of a run is found in the transaction that ends it. When the next time comes is kept by Quartz, in its own tables.
--changeset tidemill:093-schedules
CREATE TABLE schedules (
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  timing text NOT NULL,
  paused boolean NOT NULL,
  paused_in_file boolean NOT NULL,
  after_job text,
  after_schedule text,
  after_outcome text CHECK (after_outcome IN ('success', 'failure', 'any')),
  loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, name)
);
COMMENT ON COLUMN schedules.definition IS 'the text of the file';
COMMENT ON COLUMN schedules.timing IS 'what a change of starts the timing anew';
COMMENT ON COLUMN schedules.paused_in_file IS 'an operator''s pause or resume holds until the file says otherwise than before';
CALL protect_tenant_table('schedules');
CREATE POLICY platform ON schedules TO tidemill_meta USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON schedules TO tidemill_meta;
--rollback DROP TABLE schedules;

-- Each time that came, once, with what was made of it. Decided and recorded in one transaction, then launched: whoever finds a row
-- that is due goes on with it.
--changeset tidemill:093-schedule-fires
CREATE TABLE schedule_fires (
  workspace_id uuid NOT NULL,
  schedule text NOT NULL,
  fire text NOT NULL,
  fire_time timestamptz NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('waiting', 'launched', 'skipped', 'failed', 'missed')),
  run_id bigint,
  message text NOT NULL DEFAULT '',
  times integer NOT NULL DEFAULT 1,
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz,
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, schedule, fire)
);
COMMENT ON COLUMN schedule_fires.fire IS 'the scheduled time in UTC, or the run that it follows; with the name of the schedule the identity of the launch';
COMMENT ON COLUMN schedule_fires.times IS 'how many missed times the row stands for: the oldest of very many are not listed one by one';
COMMENT ON COLUMN schedule_fires.due_at IS 'when to launch, or to try again; null when nothing is left to do';
CREATE INDEX schedule_fires_due ON schedule_fires (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX schedule_fires_time ON schedule_fires (workspace_id, schedule, fire_time DESC);
CREATE INDEX schedule_fires_decided ON schedule_fires (decided_at);
CALL protect_tenant_table('schedule_fires');
CREATE POLICY platform ON schedule_fires TO tidemill_meta USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON schedule_fires TO tidemill_meta;
--rollback DROP TABLE schedule_fires;

-- A file names its workspace by slug, before anything is known of its workspace. Only where the documents' tables are.
--changeset tidemill:093-workspace-names splitStatements:false
DO $$
BEGIN
  IF to_regclass('workspaces') IS NOT NULL THEN
    CREATE POLICY platform ON workspaces FOR SELECT TO tidemill_meta USING (true);
    GRANT SELECT ON workspaces, organizations TO tidemill_meta;
  END IF;
END $$;
--rollback DROP POLICY IF EXISTS platform ON workspaces; REVOKE SELECT ON workspaces, organizations FROM tidemill_meta;
