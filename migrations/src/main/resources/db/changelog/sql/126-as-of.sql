--liquibase formatted sql

-- Vectors of texts that only superseded versions hold: what an as-of query compares with, one by one. They leave the set's own table,
-- so that its index walks past nothing dead and a query of today pays nothing for the past.
--changeset tidemill:126-past-vectors labels:documents
CREATE TABLE past_vectors (
  workspace_id uuid NOT NULL,
  set_id bigint NOT NULL,
  content_id uuid NOT NULL,
  embedding vector NOT NULL,
  PRIMARY KEY (workspace_id, set_id, content_id),
  FOREIGN KEY (workspace_id, set_id) REFERENCES vector_sets ON DELETE CASCADE
);
CALL protect_tenant_table('past_vectors');
--rollback DROP TABLE past_vectors;

-- Since when the past of a project is whole. What was superseded before this column was there has lost its vectors, so it begins now.
--changeset tidemill:126-complete-since
ALTER TABLE projects ADD COLUMN complete_since timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN projects.complete_since IS
  'versions that were valid before it may be removed: the latest end of the validity of any removed one, at first when the project was made';
CREATE INDEX document_versions_past ON document_versions (workspace_id, project_id, valid_to) WHERE state = 'superseded';
--rollback DROP INDEX document_versions_past; ALTER TABLE projects DROP COLUMN complete_since;

-- As match_chunks, of those live chunks that were there at a time.
--changeset tidemill:126-text-search-as-of splitStatements:false
CREATE FUNCTION match_chunks_as_of(project uuid, as_of timestamptz, required tsquery, terms tsquery[], weights float8[], top integer,
    versions bigint[], heading text, candidates integer)
  RETURNS TABLE (chunk_id bigint, score float8)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = public, pg_temp
  SET enable_seqscan = off AS $$
  SELECT m.id, (SELECT sum(w * ts_rank(m.tsv, t)) FROM unnest(terms, weights) AS q (t, w)) AS score
  FROM (
    SELECT c.id, c.tsv || ''::tsvector AS tsv
    FROM chunks c
    WHERE c.workspace_id = current_workspace() AND c.project_id = project
      AND c.valid_from IS NOT NULL AND c.valid_to IS NULL AND c.valid_from <= as_of AND c.tsv @@ required
      AND (versions IS NULL OR c.version_id = ANY (versions))
      AND (heading IS NULL OR EXISTS (SELECT FROM unnest(c.heading_path) AS h (line) WHERE lower(line) = lower(heading)))
    LIMIT candidates
  ) m
  ORDER BY score DESC, m.id
  LIMIT top
$$;
GRANT CREATE ON SCHEMA public TO tidemill_searcher;
ALTER FUNCTION match_chunks_as_of OWNER TO tidemill_searcher;
REVOKE CREATE ON SCHEMA public FROM tidemill_searcher;
REVOKE ALL ON FUNCTION match_chunks_as_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION match_chunks_as_of TO tidemill_app, tidemill_batch;
--rollback DROP FUNCTION match_chunks_as_of;

-- A policy may be of the documents whose metadata hold a value, in the whole workspace or in a project. It goes before that of the source.
--changeset tidemill:126-tag-policies
ALTER TABLE retention_policies
  ADD COLUMN tag_name text,
  ADD COLUMN tag_value text,
  ADD CONSTRAINT retention_policies_tag CHECK ((tag_name IS NULL) = (tag_value IS NULL) AND (tag_name IS NULL OR source_id IS NULL));
COMMENT ON COLUMN retention_policies.tag_name IS 'name of a value in the metadata of documents; null for a policy of all documents';
COMMENT ON COLUMN retention_policies.tag_value IS 'the value, or one of several that stand there with commas between them';
DROP INDEX retention_policies_scope;
CREATE UNIQUE INDEX retention_policies_scope ON retention_policies (workspace_id,
  coalesce(project_id, '00000000-0000-0000-0000-000000000000'), coalesce(source_id, '00000000-0000-0000-0000-000000000000'),
  coalesce(tag_name, ''), coalesce(tag_value, ''));
--rollback DROP INDEX retention_policies_scope; DELETE FROM retention_policies WHERE tag_name IS NOT NULL; ALTER TABLE retention_policies DROP CONSTRAINT retention_policies_tag, DROP COLUMN tag_name, DROP COLUMN tag_value; CREATE UNIQUE INDEX retention_policies_scope ON retention_policies (workspace_id, coalesce(project_id, '00000000-0000-0000-0000-000000000000'), coalesce(source_id, '00000000-0000-0000-0000-000000000000'));
