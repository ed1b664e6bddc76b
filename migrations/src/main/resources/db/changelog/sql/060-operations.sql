--liquibase formatted sql

--changeset tidemill:060-dead-letters
CREATE TABLE dead_letters (
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
  UNIQUE (workspace_id, job, step, item_key),
  FOREIGN KEY (workspace_id) REFERENCES workspaces ON DELETE CASCADE
);
CREATE INDEX dead_letters_open ON dead_letters (workspace_id, reason, id) WHERE resolved_at IS NULL;
CALL protect_tenant_table('dead_letters');
--rollback DROP TABLE dead_letters;

--changeset tidemill:060-audit
CREATE TABLE audit_entries (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (workspace_id, id)
);
CALL protect_tenant_table('audit_entries');
REVOKE UPDATE, DELETE ON audit_entries FROM tidemill_app, tidemill_batch;
--rollback DROP TABLE audit_entries;

--changeset tidemill:060-quotas-and-usage
CREATE TABLE workspace_quotas (
  workspace_id uuid PRIMARY KEY REFERENCES workspaces ON DELETE CASCADE,
  chunk_limit bigint NOT NULL DEFAULT 500000 CHECK (chunk_limit >= 0),
  request_limit_per_day integer NOT NULL DEFAULT 10000 CHECK (request_limit_per_day >= 0),
  request_limit_per_minute integer NOT NULL DEFAULT 120 CHECK (request_limit_per_minute >= 0)
);
CREATE TABLE usage_counters (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  day date NOT NULL,
  chunks bigint NOT NULL DEFAULT 0,
  requests bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, day)
);
CALL protect_tenant_table('workspace_quotas');
CALL protect_tenant_table('usage_counters');
--rollback DROP TABLE usage_counters, workspace_quotas;

-- Billing belongs to the organization, above every workspace; the provider's event id makes a repeated webhook harmless.
--changeset tidemill:060-billing
CREATE TABLE billing_events (
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  event_id text NOT NULL UNIQUE,
  event_type text NOT NULL,
  payload jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, event_id)
);
GRANT SELECT ON billing_events TO tidemill_backup;
--rollback DROP TABLE billing_events;

--changeset tidemill:060-assets-and-history
CREATE TABLE assets (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  type text NOT NULL,
  title text NOT NULL,
  content text NOT NULL,
  tags text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX assets_tags ON assets USING gin (tags);
CREATE TABLE history (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  id bigint GENERATED ALWAYS AS IDENTITY,
  command text NOT NULL,
  input text NOT NULL,
  output text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id)
);
CALL protect_tenant_table('assets');
CALL protect_tenant_table('history');
--rollback DROP TABLE history, assets;

--changeset tidemill:060-evaluation
CREATE TABLE golden_questions (
  workspace_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  project_id uuid NOT NULL,
  question text NOT NULL,
  expected jsonb NOT NULL DEFAULT '[]',
  tags text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects ON DELETE CASCADE
);
CREATE INDEX golden_questions_project ON golden_questions (workspace_id, project_id);
CREATE TABLE evaluation_runs (
  workspace_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  project_id uuid NOT NULL,
  set_id bigint NOT NULL,
  run_id bigint NOT NULL,
  config jsonb NOT NULL,
  metrics jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects ON DELETE CASCADE
);
CREATE INDEX evaluation_runs_project ON evaluation_runs (workspace_id, project_id, created_at);
CALL protect_tenant_table('golden_questions');
CALL protect_tenant_table('evaluation_runs');
--rollback DROP TABLE evaluation_runs, golden_questions;
