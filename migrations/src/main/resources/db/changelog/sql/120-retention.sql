--liquibase formatted sql

-- When a document ends by itself. Set by a person; null for never.
--changeset tidemill:120-expiry
ALTER TABLE documents ADD COLUMN ttl_expires_at timestamptz;
COMMENT ON COLUMN documents.ttl_expires_at IS 'prune retires the document after this time; null for never';
CREATE INDEX documents_expiry ON documents (workspace_id, ttl_expires_at) WHERE ttl_expires_at IS NOT NULL;
CREATE INDEX documents_deleted ON documents (workspace_id, id) WHERE deleted_at IS NOT NULL;
--rollback DROP INDEX documents_deleted; DROP INDEX documents_expiry; ALTER TABLE documents DROP COLUMN ttl_expires_at;

-- What is kept how long. The narrowest policy that says something decides: that of the source, of the project, of the workspace, then
-- job-configs/prune.yaml. The nil UUID stands for "all" in the key, as null is equal to nothing.
--changeset tidemill:120-policies
CREATE TABLE retention_policies (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  project_id uuid,
  source_id uuid,
  versions_keep integer CHECK (versions_keep >= 0),
  versions_after interval CHECK (versions_after >= '0'),
  undo interval CHECK (undo >= '0'),
  max_age interval CHECK (max_age > '0'),
  set_by text NOT NULL,
  set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, source_id) REFERENCES sources ON DELETE CASCADE,
  CHECK (source_id IS NULL OR project_id IS NOT NULL)
);
COMMENT ON COLUMN retention_policies.versions_keep IS 'superseded versions of a document that are kept whatever their age';
COMMENT ON COLUMN retention_policies.versions_after IS 'age from which on further superseded versions go';
COMMENT ON COLUMN retention_policies.undo IS 'how long a deleted document can still be brought back';
COMMENT ON COLUMN retention_policies.max_age IS 'age at which a published document is retired; null for never';
CREATE UNIQUE INDEX retention_policies_scope ON retention_policies (workspace_id,
  coalesce(project_id, '00000000-0000-0000-0000-000000000000'), coalesce(source_id, '00000000-0000-0000-0000-000000000000'));
CREATE INDEX retention_policies_project ON retention_policies (workspace_id, project_id);
CREATE INDEX retention_policies_source ON retention_policies (workspace_id, source_id);
CALL protect_tenant_table('retention_policies');
--rollback DROP TABLE retention_policies;

-- While a hold is not released, nothing of the document, the source or the project is pruned or forgotten. Released holds stay as history.
--changeset tidemill:120-holds
CREATE TABLE legal_holds (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL,
  source_id uuid,
  document_id uuid,
  reason text NOT NULL,
  placed_by text NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  released_by text,
  released_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects ON DELETE CASCADE
);
CREATE INDEX legal_holds_project ON legal_holds (workspace_id, project_id);
CALL protect_tenant_table('legal_holds');
--rollback DROP TABLE legal_holds;

-- Whole tables go at once. The function takes a set's number and drops nothing but the table of a retired set of the workspace.
--changeset tidemill:120-drop-vectors splitStatements:false
CREATE FUNCTION drop_retired_vectors(set_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM vector_sets v WHERE v.workspace_id = current_workspace() AND v.id = set_id AND v.state = 'retired' FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no retired vector set % in this workspace', set_id USING ERRCODE = 'insufficient_privilege';
  END IF;
  EXECUTE format('DROP TABLE IF EXISTS %I', 'vectors_' || set_id);
END $$;
REVOKE ALL ON FUNCTION drop_retired_vectors(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_retired_vectors(bigint) TO tidemill_batch;
--rollback DROP FUNCTION drop_retired_vectors(bigint);
