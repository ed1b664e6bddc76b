--liquibase formatted sql

-- content_id is the first half of the SHA-256 of the embedded text. Vectors are keyed by it, so an unchanged text keeps its
-- vector over versions, and equal texts share one. A chunk can be found while valid_from is set and valid_to is not.
--changeset tidemill:040-chunks
CREATE TABLE chunks (
  workspace_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  project_id uuid NOT NULL,
  document_id uuid NOT NULL,
  version_id bigint NOT NULL,
  ordinal integer NOT NULL,
  content_id uuid NOT NULL,
  header text NOT NULL,
  text text NOT NULL,
  heading_path text[] NOT NULL,
  start_offset integer NOT NULL,
  end_offset integer NOT NULL,
  tokens integer NOT NULL,
  first_page integer,
  last_page integer,
  start_millis bigint,
  end_millis bigint,
  run_id bigint NOT NULL,
  valid_from timestamptz,
  valid_to timestamptz,
  tsv tsvector GENERATED ALWAYS AS (to_tsvector('english', header || ' ' || text)) STORED,
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, version_id, ordinal),
  FOREIGN KEY (workspace_id, version_id) REFERENCES document_versions ON DELETE CASCADE
);
CREATE INDEX chunks_content ON chunks (workspace_id, content_id);
CREATE INDEX chunks_document ON chunks (workspace_id, document_id);
CREATE INDEX chunks_live_tsv ON chunks USING gin (tsv) WHERE valid_from IS NOT NULL AND valid_to IS NULL;
CALL protect_tenant_table('chunks');
--rollback DROP TABLE chunks;

-- How many live chunks of a project hold a lexeme: the idf of the full-text leg, and what lets it start from the rare terms.
--changeset tidemill:040-lexemes
CREATE TABLE lexemes (
  workspace_id uuid NOT NULL,
  project_id uuid NOT NULL,
  lexeme text NOT NULL,
  chunks integer NOT NULL,
  PRIMARY KEY (workspace_id, project_id, lexeme),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects ON DELETE CASCADE
) WITH (fillfactor = 70);
CALL protect_tenant_table('lexemes');
--rollback DROP TABLE lexemes;

-- `tsvector @@ tsquery` is not leakproof, so a row policy keeps the planner from the GIN index. This function reads as a role
-- whose policy is simply true, and takes the workspace from the transaction, never from its caller.
-- Ranking reads the whole tsvector of a match, so it is all that this leg costs: no more than `candidates` matches are ranked.
-- The caller picks `required` so that rare terms decide what is ranked; the bound only bites where a question has nothing but
-- common words.
--changeset tidemill:040-text-search splitStatements:false
CREATE POLICY searcher ON chunks FOR SELECT TO tidemill_searcher USING (true);
GRANT SELECT ON chunks TO tidemill_searcher;
CREATE FUNCTION match_chunks(project uuid, required tsquery, terms tsquery[], weights float8[], top integer,
    versions bigint[] DEFAULT NULL, heading text DEFAULT NULL, candidates integer DEFAULT 20000)
  RETURNS TABLE (chunk_id bigint, score float8)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = public, pg_temp
  -- The limit makes a sequential scan look cheap; it never is.
  SET enable_seqscan = off AS $$
  SELECT m.id, (SELECT sum(w * ts_rank(m.tsv, t)) FROM unnest(terms, weights) AS q (t, w)) AS score
  FROM (
    -- Joined with nothing, so that it is decompressed once and not once for every term.
    SELECT c.id, c.tsv || ''::tsvector AS tsv
    FROM chunks c
    WHERE c.workspace_id = current_workspace() AND c.project_id = project
      AND c.valid_from IS NOT NULL AND c.valid_to IS NULL AND c.tsv @@ required
      AND (versions IS NULL OR c.version_id = ANY (versions))
      AND (heading IS NULL OR EXISTS (SELECT FROM unnest(c.heading_path) AS h (line) WHERE lower(line) = lower(heading)))
    LIMIT candidates
  ) m
  ORDER BY score DESC, m.id
  LIMIT top
$$;
GRANT CREATE ON SCHEMA public TO tidemill_searcher;
ALTER FUNCTION match_chunks OWNER TO tidemill_searcher;
REVOKE CREATE ON SCHEMA public FROM tidemill_searcher;
REVOKE ALL ON FUNCTION match_chunks FROM PUBLIC;
GRANT EXECUTE ON FUNCTION match_chunks TO tidemill_app, tidemill_batch;
--rollback DROP FUNCTION match_chunks; DROP POLICY searcher ON chunks; REVOKE SELECT ON chunks FROM tidemill_searcher;
