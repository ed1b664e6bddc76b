--liquibase formatted sql

-- What an operator needs to know of a dead letter, and what was decided about it. The owner may be no superuser, so the row policies
-- are lifted while letters of before get their state.
--changeset tidemill:092-dead-letters
ALTER TABLE dead_letters
  ADD COLUMN error_class text NOT NULL DEFAULT 'DATA',
  ADD COLUMN payload text,
  ADD COLUMN stack_hash text NOT NULL DEFAULT '',
  ADD COLUMN stack text CHECK (octet_length(stack) <= 8192),
  ADD COLUMN state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replaying', 'resolved', 'ignored')),
  ADD COLUMN ignore_reason text,
  ADD COLUMN decided_by text,
  ADD COLUMN decided_at timestamptz;
ALTER TABLE dead_letters NO FORCE ROW LEVEL SECURITY;
UPDATE dead_letters SET state = 'resolved' WHERE resolved_at IS NOT NULL;
ALTER TABLE dead_letters FORCE ROW LEVEL SECURITY;
COMMENT ON COLUMN dead_letters.payload IS 'how to get at the item: a document version with the hash of its bytes, an address';
COMMENT ON COLUMN dead_letters.stack_hash IS 'of the classes and methods of the exception, empty where there was none: equal for the same cause';
COMMENT ON COLUMN dead_letters.decided_by IS 'who asked last that it be replayed or ignored, decided_at when';
-- One index for each filter; the keyset is the id. The groups are counted in an index alone: letters of a group that were written
-- together share one entry of it, so that it is a fraction of the table.
CREATE INDEX dead_letters_state ON dead_letters (workspace_id, state, id);
CREATE INDEX dead_letters_reason ON dead_letters (workspace_id, reason, id);
CREATE INDEX dead_letters_run ON dead_letters (workspace_id, run_id, id);
CREATE INDEX dead_letters_step ON dead_letters (workspace_id, job, step, id);
CREATE INDEX dead_letters_groups ON dead_letters (workspace_id, state, job, step, reason, stack_hash, last_seen_at);
CREATE INDEX dead_letters_groups_first ON dead_letters (workspace_id, state, job, step, reason, stack_hash, first_seen_at);
CREATE INDEX dead_letters_settled ON dead_letters (coalesce(resolved_at, decided_at)) WHERE state IN ('resolved', 'ignored');
CREATE INDEX dead_letters_words ON dead_letters USING gin
  (to_tsvector('simple', regexp_replace(item_key || ' ' || detail, '[^[:alnum:]]+', ' ', 'g')));
DROP INDEX dead_letters_open;
--rollback CREATE INDEX dead_letters_open ON dead_letters (workspace_id, reason, id) WHERE resolved_at IS NULL; DROP INDEX dead_letters_state, dead_letters_reason, dead_letters_run, dead_letters_step, dead_letters_words; ALTER TABLE dead_letters DROP COLUMN error_class, DROP COLUMN payload, DROP COLUMN stack_hash, DROP COLUMN stack, DROP COLUMN state, DROP COLUMN ignore_reason, DROP COLUMN decided_by, DROP COLUMN decided_at;

-- What a run would do, answered before it is launched. A launch that applies a plan takes its parameters from here.
--changeset tidemill:092-plans
CREATE TABLE plans (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  job text NOT NULL,
  parameters jsonb NOT NULL,
  world text NOT NULL,
  counts jsonb NOT NULL,
  tokens bigint NOT NULL,
  cost numeric NOT NULL,
  seconds bigint NOT NULL,
  disk_bytes bigint NOT NULL,
  notes jsonb NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  job_instance_id bigint,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON COLUMN plans.world IS 'fingerprint of all that the plan rests on';
COMMENT ON COLUMN plans.job_instance_id IS 'the launch that applied it, null until then';
CREATE INDEX plans_expiry ON plans (expires_at);
CALL protect_tenant_table('plans');
CREATE POLICY platform ON plans TO tidemill_meta USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON plans TO tidemill_meta;
--rollback DROP TABLE plans;

--changeset tidemill:092-ended-launches
CREATE INDEX launches_ended ON launches (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX run_failures_run ON run_failures (run_id);
--rollback DROP INDEX launches_ended, run_failures_run;
