--liquibase formatted sql

--changeset tidemill:050-vector-sets
CREATE TABLE vector_sets (
  workspace_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  project_id uuid NOT NULL,
  model text NOT NULL,
  fingerprint text NOT NULL,
  dimensions integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
  state text NOT NULL DEFAULT 'building' CHECK (state IN ('building', 'live', 'retired')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects ON DELETE CASCADE
);
CREATE INDEX vector_sets_project ON vector_sets (workspace_id, project_id);
CALL protect_tenant_table('vector_sets');
--rollback DROP TABLE vector_sets;

-- One physical table per set, made by its owner through this function: the roles of the jobs need no right to create tables.
--changeset tidemill:050-vector-table splitStatements:false
CREATE FUNCTION create_vector_table(set_id bigint, dimensions integer) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text := 'vectors_' || set_id;
BEGIN
  EXECUTE format('CREATE TABLE IF NOT EXISTS %I (
      workspace_id uuid NOT NULL, content_id uuid NOT NULL, embedding halfvec(%s) NOT NULL,
      PRIMARY KEY (workspace_id, content_id))', name, dimensions);
  EXECUTE format('ALTER TABLE %I ALTER COLUMN embedding SET STORAGE PLAIN', name);
  CALL protect_tenant_table(name);
END $$;
REVOKE ALL ON FUNCTION create_vector_table(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION create_vector_table(bigint, integer) TO tidemill_app, tidemill_batch;
CREATE FUNCTION create_vector_index(set_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I USING hnsw (embedding halfvec_cosine_ops)',
                 'vectors_' || set_id || '_hnsw', 'vectors_' || set_id);
END $$;
REVOKE ALL ON FUNCTION create_vector_index(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION create_vector_index(bigint) TO tidemill_app, tidemill_batch;
--rollback DROP FUNCTION create_vector_index(bigint); DROP FUNCTION create_vector_table(bigint, integer);

--changeset tidemill:050-embedding-cache
CREATE TABLE embedding_cache (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  fingerprint text NOT NULL,
  content_id uuid NOT NULL,
  embedding bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, fingerprint, content_id)
);
COMMENT ON COLUMN embedding_cache.embedding IS 'float32, big endian';
CREATE INDEX embedding_cache_content ON embedding_cache (workspace_id, content_id);
CALL protect_tenant_table('embedding_cache');
--rollback DROP TABLE embedding_cache;
