--liquibase formatted sql

-- The parts of a project that an export writes. What is written is in the data: a resumed export goes on with the next part.
--changeset tidemill:124-export-parts
CREATE TABLE export_parts (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  job_instance_id bigint NOT NULL,
  number integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('documents', 'originals', 'vectors', 'questions', 'lines')),
  name text NOT NULL,
  first_key text NOT NULL,
  last_key text NOT NULL,
  items bigint NOT NULL,
  bytes bigint,
  sha256 text,
  PRIMARY KEY (workspace_id, job_instance_id, number)
);
COMMENT ON COLUMN export_parts.sha256 IS 'of what was written; null until it is';
CALL protect_tenant_table('export_parts');
--rollback DROP TABLE export_parts;
