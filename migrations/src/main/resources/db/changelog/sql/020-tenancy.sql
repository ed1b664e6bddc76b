--liquibase formatted sql

--changeset tidemill:020-organizations
CREATE TABLE organizations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  slug text NOT NULL UNIQUE,
  plan text NOT NULL DEFAULT 'free',
  billing_status text NOT NULL DEFAULT 'trialing' CHECK (billing_status IN ('trialing', 'active', 'past_due', 'canceled')),
  billing_customer_id text UNIQUE,
  billing_subscription_id text,
  trial_ends_at timestamptz,
  subscription_expires_at timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON organizations TO tidemill_app, tidemill_batch, tidemill_backup;
--rollback DROP TABLE organizations;

--changeset tidemill:020-workspaces
CREATE TABLE workspaces (
  workspace_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  slug text NOT NULL,
  description text,
  default_engine text NOT NULL DEFAULT 'auto',
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, slug)
);
CALL protect_tenant_table('workspaces');
--rollback DROP TABLE workspaces;

--changeset tidemill:020-users
CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text UNIQUE,
  username text UNIQUE,
  name text,
  password_hash text,
  auth_method text NOT NULL DEFAULT 'password',
  disabled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (email IS NOT NULL OR username IS NOT NULL)
);
CREATE TABLE organization_members (
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member', 'billing')),
  PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX organization_members_user ON organization_members (user_id);
GRANT SELECT ON users, organization_members TO tidemill_app, tidemill_batch, tidemill_backup;
CREATE TABLE workspace_members (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role text NOT NULL DEFAULT 'viewer' CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
  PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX workspace_members_user ON workspace_members (user_id);
CALL protect_tenant_table('workspace_members');
--rollback DROP TABLE workspace_members, organization_members, users;

-- Keys are looked up before the workspace is known, so this table has no policy; it holds no usable secret (SHA-256 of a
-- 192-bit random value), and only its own function reads it for the server's role.
--changeset tidemill:020-api-keys splitStatements:false
CREATE TABLE api_keys (
  id text PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  secret_hash bytea NOT NULL,
  scopes text[] NOT NULL DEFAULT '{read}',
  description text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX api_keys_workspace ON api_keys (workspace_id);
CREATE INDEX api_keys_user ON api_keys (user_id);
CREATE FUNCTION find_api_key(key_id text) RETURNS TABLE (workspace_id uuid, secret_hash bytea, scopes text[])
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT k.workspace_id, k.secret_hash, k.scopes FROM api_keys k
   WHERE k.id = key_id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) $$;
REVOKE ALL ON FUNCTION find_api_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(text) TO tidemill_app;
GRANT SELECT ON api_keys TO tidemill_backup;
--rollback DROP FUNCTION find_api_key(text); DROP TABLE api_keys;

--changeset tidemill:020-projects
CREATE TABLE projects (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  slug text NOT NULL,
  name text NOT NULL,
  description text,
  corpus_generation bigint NOT NULL DEFAULT 0,
  live_set_id bigint,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, slug)
);
COMMENT ON COLUMN projects.corpus_generation IS 'goes up with every change of what a query may see; part of every cache key';
CALL protect_tenant_table('projects');
--rollback DROP TABLE projects;
