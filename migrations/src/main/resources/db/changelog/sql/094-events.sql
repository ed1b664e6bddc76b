--liquibase formatted sql

-- What an operator should hear of. It needs the tables of 090 and nothing of the documents. An event is written in the transaction
-- that makes it so; what becomes of it (who is told, how often it was tried) is decided later, by whichever server looks first.
--changeset tidemill:094-events
CREATE TABLE events (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  type text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
  dedupe_key text NOT NULL,
  message text NOT NULL,
  data jsonb NOT NULL DEFAULT '{}',
  open boolean NOT NULL DEFAULT false,
  resolved_at timestamptz,
  resolves uuid,
  routed_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON COLUMN events.open IS 'a trouble that lasts: until the event that resolves it';
COMMENT ON COLUMN events.resolves IS 'the event whose end this one tells';
COMMENT ON COLUMN events.routed_at IS 'when it was decided which channels are told; null for not yet';
CREATE UNIQUE INDEX events_one_open ON events (workspace_id, dedupe_key) WHERE open;
CREATE INDEX events_unrouted ON events (sequence) WHERE routed_at IS NULL;
CREATE INDEX events_newest ON events (workspace_id, sequence DESC);
CALL protect_tenant_table('events');
CREATE POLICY platform ON events TO tidemill_meta USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON events TO tidemill_meta;
--rollback DROP TABLE events;

-- One row for an event and a channel that is to be told: an event reaches a channel once. Rows of one message share its id, given when
-- it is first tried and kept by all tries, so that a receiver can tell a repeated message from a new one.
--changeset tidemill:094-alert-deliveries
CREATE TABLE alert_deliveries (
  workspace_id uuid NOT NULL,
  event_id uuid NOT NULL,
  channel text NOT NULL,
  group_key text NOT NULL,
  message_id uuid,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'given_up')),
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  claimed_until timestamptz,
  ended_at timestamptz,
  last_error text,
  PRIMARY KEY (workspace_id, event_id, channel),
  FOREIGN KEY (workspace_id, event_id) REFERENCES events ON DELETE CASCADE
);
COMMENT ON COLUMN alert_deliveries.claimed_until IS 'a process is at it until then; should it die, another one tries again after';
CREATE INDEX alert_deliveries_due ON alert_deliveries (channel, due_at) WHERE state = 'pending';
CREATE INDEX alert_deliveries_group ON alert_deliveries (channel, group_key, created_at DESC);
CREATE INDEX alert_deliveries_newest ON alert_deliveries (workspace_id, created_at DESC);
CALL protect_tenant_table('alert_deliveries');
CREATE POLICY platform ON alert_deliveries TO tidemill_meta USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_deliveries TO tidemill_meta;
--rollback DROP TABLE alert_deliveries;

-- The delivery log: every try with its answer.
--changeset tidemill:094-alert-attempts
CREATE TABLE alert_attempts (
  workspace_id uuid NOT NULL,
  message_id uuid NOT NULL,
  attempt integer NOT NULL,
  channel text NOT NULL,
  at timestamptz NOT NULL,
  delivered boolean NOT NULL,
  status integer,
  latency_ms bigint NOT NULL,
  error text,
  PRIMARY KEY (workspace_id, message_id, attempt)
);
COMMENT ON COLUMN alert_attempts.status IS 'of the HTTP answer; null where none came, and for mail';
CREATE INDEX alert_attempts_newest ON alert_attempts (workspace_id, at DESC);
CALL protect_tenant_table('alert_attempts');
CREATE POLICY platform ON alert_attempts TO tidemill_meta USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_attempts TO tidemill_meta;
--rollback DROP TABLE alert_attempts;

-- Channels are configured in YAML; here is only what the receivers said: 410 means that the address is gone for good.
--changeset tidemill:094-alert-channels
CREATE TABLE alert_channels (
  name text PRIMARY KEY,
  disabled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason text NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_channels TO tidemill_meta;
GRANT SELECT ON alert_channels TO tidemill_app, tidemill_batch, tidemill_backup;
--rollback DROP TABLE alert_channels;

-- A process that said good-bye (stopped_at) is not a lost one (lost_at: when that was noticed).
--changeset tidemill:094-lost-nodes
ALTER TABLE nodes ADD COLUMN stopped_at timestamptz, ADD COLUMN lost_at timestamptz;
--rollback ALTER TABLE nodes DROP COLUMN stopped_at, DROP COLUMN lost_at;

-- When a job was last well, asked at every scrape.
--changeset tidemill:094-launches-completed
CREATE INDEX launches_completed ON launches (job, ended_at DESC) WHERE state = 'completed';
--rollback DROP INDEX launches_completed;
