--liquibase formatted sql

-- A request to forget is its receipt once it is done. What was looked for is kept only until then.
--changeset tidemill:121-receipts
CREATE TABLE forget_receipts (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  kind text NOT NULL CHECK (kind IN ('document', 'source', 'text')),
  project_id uuid,
  source_id uuid,
  document_id uuid,
  needle text,
  needle_sha256 text,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  removed jsonb NOT NULL DEFAULT '{}',
  verification text,
  traces bigint,
  verified_at timestamptz,
  backups_expire_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
COMMENT ON COLUMN forget_receipts.needle IS 'the text to forget, null as soon as it is forgotten';
COMMENT ON COLUMN forget_receipts.verification IS 'a query for anyone who doubts; where it needs the text, that is its parameter';
COMMENT ON COLUMN forget_receipts.traces IS 'what the verification found';
CALL protect_tenant_table('forget_receipts');
CREATE TABLE forget_documents (
  workspace_id uuid NOT NULL,
  receipt_id uuid NOT NULL,
  document_id uuid NOT NULL,
  content_ids uuid[],
  PRIMARY KEY (workspace_id, receipt_id, document_id),
  FOREIGN KEY (workspace_id, receipt_id) REFERENCES forget_receipts ON DELETE CASCADE
);
COMMENT ON COLUMN forget_documents.content_ids IS 'hashes of its texts that nothing else holds; null until the document is gone';
CALL protect_tenant_table('forget_documents');
--rollback DROP TABLE forget_documents; DROP TABLE forget_receipts;

-- Where a text stands in the rows of the workspace: every text-like column there is, so that a table added tomorrow is searched too.
-- The owner searches, as the audit and the job repository are not the job's to change.
--changeset tidemill:121-traces splitStatements:false
CREATE FUNCTION text_columns() RETURNS TABLE (place_table text, place_column text, kind text, scope text, in_key boolean)
  LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT t.relname::text, a.attname::text, format_type(a.atttypid, NULL), 'workspace_id = current_workspace()',
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisunique AND a.attnum = ANY (i.indkey))
  FROM pg_class t
  JOIN pg_attribute w ON w.attrelid = t.oid AND w.attname = 'workspace_id' AND NOT w.attisdropped
  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
    AND format_type(a.atttypid, NULL) IN ('text', 'character varying', 'text[]', 'jsonb', 'bytea')
    AND (t.relname, a.attname) <> ('forget_receipts', 'needle')
  UNION ALL
  SELECT b.t, b.c, 'text', b.s, false FROM (VALUES
    ('batch_job_execution_params', 'parameter_value', 'job_execution_id IN (SELECT run_id FROM runs WHERE workspace_id = current_workspace())'),
    ('batch_job_execution', 'exit_message', 'job_execution_id IN (SELECT run_id FROM runs WHERE workspace_id = current_workspace())'),
    ('batch_step_execution', 'exit_message', 'job_execution_id IN (SELECT run_id FROM runs WHERE workspace_id = current_workspace())'),
    ('batch_job_execution_context', 'short_context', 'job_execution_id IN (SELECT run_id FROM runs WHERE workspace_id = current_workspace())'),
    ('batch_job_execution_context', 'serialized_context', 'job_execution_id IN (SELECT run_id FROM runs WHERE workspace_id = current_workspace())'),
    ('batch_step_execution_context', 'short_context', 'step_execution_id IN (SELECT step_execution_id FROM batch_step_execution JOIN runs ON run_id = job_execution_id WHERE workspace_id = current_workspace())'),
    ('batch_step_execution_context', 'serialized_context', 'step_execution_id IN (SELECT step_execution_id FROM batch_step_execution JOIN runs ON run_id = job_execution_id WHERE workspace_id = current_workspace())')
  ) AS b (t, c, s)
$$;

CREATE FUNCTION holds_text(col text, kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE kind
    WHEN 'bytea' THEN format('position(convert_to($1, ''UTF8'') IN %I) > 0', col)
    WHEN 'text' THEN format('position(lower($1) IN lower(%I)) > 0', col)
    WHEN 'character varying' THEN format('position(lower($1) IN lower(%I)) > 0', col)
    WHEN 'text[]' THEN format('position(lower($1) IN lower(array_to_string(%I, chr(10)))) > 0', col)
    ELSE format('position(lower(trim(BOTH ''"'' FROM to_json($1)::text)) IN lower(%I::text)) > 0', col)
  END
$$;

CREATE FUNCTION find_traces(needle text) RETURNS TABLE (place text, hits bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE c record; n bigint;
BEGIN
  IF current_workspace() IS NULL OR length(needle) < 3 THEN
    RAISE EXCEPTION 'a workspace and at least three characters are needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOR c IN SELECT * FROM text_columns() LOOP
    EXECUTE format('SELECT count(*) FROM %I WHERE %s AND %s', c.place_table, c.scope, holds_text(c.place_column, c.kind))
      INTO n USING needle;
    IF n > 0 THEN
      place := c.place_table || '.' || c.place_column;
      hits := n;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;

-- Takes a text out of everything that is neither a document (those are deleted whole) nor a name that others go by.
CREATE FUNCTION erase_traces(needle text) RETURNS TABLE (place text, hits bigint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  c record; n bigint; change text;
  mark CONSTANT text := '[forgotten]';
  pattern CONSTANT text := regexp_replace(needle, '([]\\.+*?^$(){}=!<>|:#[-])', '\\\1', 'g');
  in_json CONSTANT text := regexp_replace(trim(BOTH '"' FROM to_json(needle)::text), '([]\\.+*?^$(){}=!<>|:#[-])', '\\\1', 'g');
BEGIN
  IF current_workspace() IS NULL OR length(needle) < 3 THEN
    RAISE EXCEPTION 'a workspace and at least three characters are needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- Nothing is taken out of the audit but what a noted request is about.
  IF NOT EXISTS (SELECT FROM forget_receipts r WHERE r.workspace_id = current_workspace() AND r.state = 'open') THEN
    RAISE EXCEPTION 'there is no open request to forget' USING ERRCODE = 'insufficient_privilege';
  END IF;
  FOR c IN SELECT * FROM text_columns() t WHERE t.kind <> 'bytea' AND t.place_table NOT IN ('documents', 'document_versions',
      'document_texts', 'chunks', 'blobs', 'blob_parts', 'lexemes', 'workspaces', 'projects', 'sources', 'vector_sets',
      'embedding_cache', 'schedules', 'api_keys', 'forget_receipts', 'retention_policies', 'legal_holds') LOOP
    IF c.place_table IN ('history', 'dead_letters', 'plans') THEN
      change := format('DELETE FROM %I', c.place_table);
    ELSE
      change := format('UPDATE %1$I SET %2$I = ', c.place_table, c.place_column) || CASE c.kind
        WHEN 'text[]' THEN format('ARRAY(SELECT regexp_replace(x, $2, $4, ''gi'') FROM unnest(%I) x)', c.place_column)
        WHEN 'jsonb' THEN format('regexp_replace(%I::text, $3, $4, ''gi'')::jsonb', c.place_column)
        ELSE CASE WHEN c.in_key
          -- Two rows that differed in the text alone must still differ.
          THEN format('regexp_replace(%1$I, $2, $4 || md5(%1$I), ''gi'')', c.place_column)
          ELSE format('regexp_replace(%I, $2, $4, ''gi'')', c.place_column) END
      END;
    END IF;
    EXECUTE format('%s WHERE %s AND %s', change, c.scope, holds_text(c.place_column, c.kind)) USING needle, pattern, in_json, mark;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n > 0 THEN
      place := c.place_table || '.' || c.place_column;
      hits := n;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION text_columns() FROM PUBLIC;
REVOKE ALL ON FUNCTION find_traces(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION erase_traces(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_traces(text) TO tidemill_app, tidemill_batch;
GRANT EXECUTE ON FUNCTION erase_traces(text) TO tidemill_batch;
--rollback DROP FUNCTION erase_traces(text); DROP FUNCTION find_traces(text); DROP FUNCTION holds_text(text, text); DROP FUNCTION text_columns();
