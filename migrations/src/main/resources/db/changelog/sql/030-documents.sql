--liquibase formatted sql

--changeset tidemill:030-sources
CREATE TABLE sources (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL,
  type text NOT NULL CHECK (type IN ('directory', 'upload', 'urls', 'jsonl')),
  location text NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  held_deletes integer NOT NULL DEFAULT 0,
  last_ingested_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, project_id, type, location),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects ON DELETE CASCADE
);
COMMENT ON COLUMN sources.held_deletes IS 'documents missing at the source whose deletion waits for a person (mass-delete guard)';
CALL protect_tenant_table('sources');
--rollback DROP TABLE sources;

-- Originals, content-addressed: the same bytes are stored once per workspace, in parts of bounded size.
--changeset tidemill:030-blobs
CREATE TABLE blobs (
  workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
  sha256 bytea NOT NULL,
  size bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, sha256)
);
CREATE TABLE blob_parts (
  workspace_id uuid NOT NULL,
  sha256 bytea NOT NULL,
  part integer NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (workspace_id, sha256, part),
  FOREIGN KEY (workspace_id, sha256) REFERENCES blobs ON DELETE CASCADE
);
ALTER TABLE blob_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;
CALL protect_tenant_table('blobs');
CALL protect_tenant_table('blob_parts');
--rollback DROP TABLE blob_parts, blobs;

--changeset tidemill:030-documents
CREATE TABLE documents (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  project_id uuid NOT NULL,
  source_id uuid NOT NULL,
  key text NOT NULL,
  version integer NOT NULL DEFAULT 0,
  published_version integer,
  seen_run bigint,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, source_id, key),
  FOREIGN KEY (workspace_id, source_id) REFERENCES sources ON DELETE CASCADE
);
CREATE INDEX documents_project ON documents (workspace_id, project_id, id) WHERE deleted_at IS NULL;
COMMENT ON COLUMN documents.key IS 'identity within the source: relative path, address, line id';
CALL protect_tenant_table('documents');
--rollback DROP TABLE documents;

-- Immutable: a changed document is a new version, the old one serves until the new one is complete.
-- state: discovered -> extracted -> published -> superseded, or refused.
--changeset tidemill:030-document-versions
CREATE TABLE document_versions (
  workspace_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  project_id uuid NOT NULL,
  source_id uuid NOT NULL,
  document_id uuid NOT NULL,
  version integer NOT NULL,
  sha256 bytea NOT NULL,
  state text NOT NULL DEFAULT 'discovered' CHECK (state IN ('discovered', 'extracted', 'published', 'superseded', 'refused')),
  refusal_reason text,
  file_name text NOT NULL,
  media_type text,
  title text,
  metadata jsonb NOT NULL DEFAULT '{}',
  profile text,
  text_length integer,
  chunk_count integer,
  run_id bigint NOT NULL,
  valid_from timestamptz,
  valid_to timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, document_id, version),
  FOREIGN KEY (workspace_id, document_id) REFERENCES documents ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, sha256) REFERENCES blobs
);
CREATE INDEX document_versions_open ON document_versions (workspace_id, source_id, id) WHERE state IN ('discovered', 'extracted');
CREATE INDEX document_versions_sha256 ON document_versions (workspace_id, sha256);
CALL protect_tenant_table('document_versions');
CREATE TABLE document_texts (
  workspace_id uuid NOT NULL,
  version_id bigint NOT NULL,
  start_offset integer NOT NULL,
  text text NOT NULL,
  PRIMARY KEY (workspace_id, version_id, start_offset),
  FOREIGN KEY (workspace_id, version_id) REFERENCES document_versions ON DELETE CASCADE
);
COMMENT ON TABLE document_texts IS 'the canonical text of a version in parts; offsets count code points';
CALL protect_tenant_table('document_texts');
--rollback DROP TABLE document_texts, document_versions;
