--liquibase formatted sql

-- Data that a change set left to be filled in, by the job migrate: in small commits, while everything goes on. A row is added by the
-- change set that the backfill belongs to.
--changeset tidemill:122-backfills
CREATE TABLE backfills (
  id text PRIMARY KEY,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at timestamptz
);
COMMENT ON COLUMN backfills.id IS 'of the change set; the job knows its statements by it';
GRANT SELECT, UPDATE ON backfills TO tidemill_batch;
GRANT SELECT ON backfills TO tidemill_app, tidemill_meta, tidemill_backup;
--rollback DROP TABLE backfills;

-- Expand: the column may be null, and a trigger keeps it right for what is written from now on, by whatever version of the program. The
-- backfill fills in the rest. What reads the column counts the chunks itself where it is null, until a later version may rely on it.
--changeset tidemill:122-version-tokens splitStatements:false
ALTER TABLE document_versions ADD COLUMN tokens bigint;
COMMENT ON COLUMN document_versions.tokens IS 'tokens of its chunks; null until they are counted';
CREATE FUNCTION count_version_tokens() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  NEW.tokens := (SELECT coalesce(sum(c.tokens), 0) FROM chunks c
                 WHERE c.workspace_id = NEW.workspace_id AND c.version_id = NEW.id);
  RETURN NEW;
END $$;
CREATE TRIGGER count_tokens BEFORE UPDATE OF state ON document_versions FOR EACH ROW
  WHEN (OLD.state = 'discovered' AND NEW.state = 'extracted') EXECUTE FUNCTION count_version_tokens();
CREATE INDEX document_versions_uncounted ON document_versions (workspace_id, id) WHERE tokens IS NULL AND chunk_count IS NOT NULL;
-- An empty database has nothing to fill in. The owner may be no superuser, so the row policies are lifted for the look.
ALTER TABLE document_versions NO FORCE ROW LEVEL SECURITY;
INSERT INTO backfills (id, state, done_at)
  SELECT '122-version-tokens', CASE WHEN found THEN 'open' ELSE 'done' END, CASE WHEN found THEN NULL ELSE clock_timestamp() END
  FROM (SELECT EXISTS (SELECT FROM document_versions) AS found) look;
ALTER TABLE document_versions FORCE ROW LEVEL SECURITY;
--rollback DELETE FROM backfills WHERE id = '122-version-tokens'; DROP TRIGGER count_tokens ON document_versions; DROP FUNCTION count_version_tokens(); ALTER TABLE document_versions DROP COLUMN tokens;
