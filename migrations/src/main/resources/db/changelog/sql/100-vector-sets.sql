--liquibase formatted sql

-- A set's life: building, held (built, waits for an operator or was refused by the gate), live, soaking (was live, one call away from
-- being it again), retired (its table is gone, the row stays as history). Every set that is not retired gets the vectors of new texts.
--changeset tidemill:100-vector-sets
ALTER TABLE vector_sets
  DROP CONSTRAINT vector_sets_state_check,
  ADD CONSTRAINT vector_sets_state_check CHECK (state IN ('building', 'held', 'live', 'soaking', 'retired')),
  DROP CONSTRAINT vector_sets_dimensions_check,
  ADD CONSTRAINT vector_sets_dimensions_check CHECK (dimensions BETWEEN 1 AND 16000),
  ADD COLUMN type text NOT NULL DEFAULT 'halfvec' CHECK (type IN ('halfvec', 'vector')),
  ADD COLUMN config_hash text NOT NULL DEFAULT '',
  ADD COLUMN launch_id bigint,
  ADD COLUMN replaces bigint,
  ADD COLUMN probes bytea,
  ADD COLUMN ef_search integer CHECK (ef_search BETWEEN 1 AND 1000),
  ADD COLUMN measured_recall float8,
  ADD COLUMN progress text,
  ADD COLUMN live_at timestamptz,
  ADD COLUMN soak_until timestamptz,
  ADD COLUMN retired_at timestamptz;
COMMENT ON COLUMN vector_sets.launch_id IS 'the reembed launch that makes the set, null for the first set of a project';
COMMENT ON COLUMN vector_sets.replaces IS 'the set that was live before this one: what a rollback goes back to';
COMMENT ON COLUMN vector_sets.probes IS 'vectors of fixed texts, float32, big endian: a model that gives others by now is another one';
COMMENT ON COLUMN vector_sets.ef_search IS 'candidates of a walk of the index, tuned to a target recall; null for the default';
COMMENT ON COLUMN vector_sets.measured_recall IS 'share of the true nearest ten that the index finds with ef_search';
UPDATE vector_sets SET live_at = created_at WHERE state = 'live';
CREATE UNIQUE INDEX vector_sets_one_live ON vector_sets (workspace_id, project_id) WHERE state = 'live';
CREATE UNIQUE INDEX vector_sets_launch ON vector_sets (workspace_id, launch_id);
--rollback DROP INDEX vector_sets_launch; DROP INDEX vector_sets_one_live; DELETE FROM vector_sets WHERE state IN ('held', 'soaking') OR dimensions > 4000; ALTER TABLE vector_sets DROP CONSTRAINT vector_sets_state_check, ADD CONSTRAINT vector_sets_state_check CHECK (state IN ('building', 'live', 'retired')), DROP CONSTRAINT vector_sets_dimensions_check, ADD CONSTRAINT vector_sets_dimensions_check CHECK (dimensions BETWEEN 1 AND 4000), DROP COLUMN type, DROP COLUMN config_hash, DROP COLUMN launch_id, DROP COLUMN replaces, DROP COLUMN probes, DROP COLUMN ef_search, DROP COLUMN measured_recall, DROP COLUMN progress, DROP COLUMN live_at, DROP COLUMN soak_until, DROP COLUMN retired_at;

-- The functions take a set's number and nothing else: everything that goes into their statements is read from its row, which must be
-- one of the workspace of the transaction. The roles of the server need no right to create or drop a table.
--changeset tidemill:100-vector-tables splitStatements:false
CREATE FUNCTION create_vector_set_table(set_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  s vector_sets;
  name text := 'vectors_' || set_id;
BEGIN
  SELECT * INTO s FROM vector_sets v WHERE v.workspace_id = current_workspace() AND v.id = set_id AND v.state <> 'retired';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no vector set % in this workspace', set_id USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF to_regclass(name) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE %I (workspace_id uuid NOT NULL, content_id uuid NOT NULL, embedding %s(%s) NOT NULL,
                  PRIMARY KEY (workspace_id, content_id))', name, s.type, s.dimensions);
  -- Inside the page where it fits: a vector is read whole or not at all.
  IF (s.dimensions * CASE s.type WHEN 'vector' THEN 4 ELSE 2 END) < 7900 THEN
    EXECUTE format('ALTER TABLE %I ALTER COLUMN embedding SET STORAGE PLAIN', name);
  END IF;
  CALL protect_tenant_table(name);
END $$;
REVOKE ALL ON FUNCTION create_vector_set_table(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION create_vector_set_table(bigint) TO tidemill_app, tidemill_batch;
REVOKE EXECUTE ON FUNCTION create_vector_table(bigint, integer) FROM tidemill_app, tidemill_batch;

CREATE FUNCTION drop_vector_set_table(set_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM vector_sets v WHERE v.workspace_id = current_workspace() AND v.id = set_id AND v.state = 'retired';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no retired vector set % in this workspace', set_id USING ERRCODE = 'insufficient_privilege';
  END IF;
  EXECUTE format('DROP TABLE IF EXISTS %I', 'vectors_' || set_id);
END $$;
REVOKE ALL ON FUNCTION drop_vector_set_table(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_vector_set_table(bigint) TO tidemill_app, tidemill_batch;

CREATE OR REPLACE FUNCTION create_vector_index(set_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE s vector_sets;
BEGIN
  SELECT * INTO s FROM vector_sets v WHERE v.workspace_id = current_workspace() AND v.id = set_id AND v.state <> 'retired';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no vector set % in this workspace', set_id USING ERRCODE = 'insufficient_privilege';
  END IF;
  EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I USING hnsw (embedding %s)',
                 'vectors_' || set_id || '_hnsw', 'vectors_' || set_id, s.type || '_cosine_ops');
END $$;
--rollback DROP FUNCTION drop_vector_set_table(bigint); DROP FUNCTION create_vector_set_table(bigint); GRANT EXECUTE ON FUNCTION create_vector_table(bigint, integer) TO tidemill_app, tidemill_batch;

-- Requests to an embedding service are counted for all processes: its limit is the account's, not a node's.
--changeset tidemill:100-rate-limits
CREATE TABLE rate_limits (
  name text PRIMARY KEY,
  tokens float8 NOT NULL,
  at timestamptz NOT NULL
);
COMMENT ON COLUMN rate_limits.tokens IS 'what may be asked for at once; below 0 it is promised to those who wait';
GRANT SELECT, INSERT, UPDATE ON rate_limits TO tidemill_app, tidemill_batch;
GRANT SELECT ON rate_limits TO tidemill_backup;
--rollback DROP TABLE rate_limits;
