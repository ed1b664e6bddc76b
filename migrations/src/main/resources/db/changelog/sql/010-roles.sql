--liquibase formatted sql

-- Roles belong to the whole cluster, so each is made only where it is missing. None can log in: a connection pool takes its
-- role once, when a connection is made.
--changeset tidemill:010-roles splitStatements:false
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['tidemill_app', 'tidemill_batch', 'tidemill_meta', 'tidemill_searcher', 'tidemill_backup'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', r);
      EXECUTE format('GRANT %I TO CURRENT_USER', r);
    END IF;
  END LOOP;
  -- A dump must see every row; only a superuser may give this right, so elsewhere the doctor asks the operator for it.
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    ALTER ROLE tidemill_backup BYPASSRLS;
  END IF;
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tidemill_app, tidemill_batch, tidemill_meta, tidemill_searcher, tidemill_backup;
--rollback SELECT 1;

--changeset tidemill:010-extension labels:documents
CREATE EXTENSION IF NOT EXISTS vector;
--rollback SELECT 1;

-- The workspace of the running transaction. Unset or empty means none: every policy then lets no row through.
--changeset tidemill:010-current-workspace splitStatements:false
CREATE FUNCTION current_workspace() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('tidemill.workspace_id', true), '')::uuid $$;
--rollback DROP FUNCTION current_workspace();

-- One policy shape for every tenant table, in one place.
--changeset tidemill:010-protect splitStatements:false
CREATE PROCEDURE protect_tenant_table(name text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY workspace ON %I USING (workspace_id = (SELECT current_workspace()))
                  WITH CHECK (workspace_id = (SELECT current_workspace()))', name);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tidemill_app, tidemill_batch', name);
  EXECUTE format('GRANT SELECT ON %I TO tidemill_backup', name);
END $$;
--rollback DROP PROCEDURE protect_tenant_table(text);
