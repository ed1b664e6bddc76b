--liquibase formatted sql

-- What backups of this database were begun, and how far each is. The catalogue is the target itself, which outlives this database; these
-- rows are the progress of the runs, and what health and console show without asking the target. They belong to the installation, not to
-- a workspace.
--changeset tidemill:110-backups
CREATE TABLE backups (
  id text PRIMARY KEY,
  scope text NOT NULL CHECK (scope IN ('full', 'schema', 'data', 'workspace', 'cluster')),
  target text NOT NULL,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'complete', 'expired')),
  generation integer NOT NULL DEFAULT 1,
  snapshot text NOT NULL,
  tables_hash text NOT NULL DEFAULT '',
  head jsonb NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  snapshot_at timestamptz NOT NULL,
  completed_at timestamptz,
  bytes bigint NOT NULL DEFAULT 0,
  level integer NOT NULL DEFAULT 0 CHECK (level BETWEEN 0 AND 4),
  level_at timestamptz
);
COMMENT ON COLUMN backups.generation IS 'goes up with every snapshot that had to be taken anew: parts of an older one are never mixed in';
COMMENT ON COLUMN backups.tables_hash IS 'of the files of the tables when they were locked: another one says that a table was truncated or rewritten';
COMMENT ON COLUMN backups.level IS '0 listed, 1 manifest and sizes, 2 all checksums, 3 restored and compared, 4 answers questions';
CREATE INDEX backups_newest ON backups (completed_at DESC) WHERE state = 'complete';
GRANT SELECT, INSERT, UPDATE, DELETE ON backups TO tidemill_batch;
GRANT SELECT ON backups TO tidemill_app, tidemill_meta, tidemill_backup;
--rollback DROP TABLE backups;

--changeset tidemill:110-backup-parts
CREATE TABLE backup_parts (
  backup_id text NOT NULL REFERENCES backups ON DELETE CASCADE,
  number integer NOT NULL,
  part jsonb NOT NULL,
  done boolean NOT NULL DEFAULT false,
  PRIMARY KEY (backup_id, number)
);
COMMENT ON COLUMN backup_parts.part IS 'what to read; once done, as it stands in the manifest';
GRANT SELECT, INSERT, UPDATE, DELETE ON backup_parts TO tidemill_batch;
GRANT SELECT ON backup_parts TO tidemill_app, tidemill_backup;
--rollback DROP TABLE backup_parts;

-- The trend: every drill with what it measured.
--changeset tidemill:110-drills
CREATE TABLE drills (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  backup_id text NOT NULL,
  run_id bigint NOT NULL,
  job_instance_id bigint NOT NULL UNIQUE,
  started_at timestamptz NOT NULL,
  ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  passed boolean NOT NULL,
  level integer NOT NULL,
  readable_seconds double precision,
  rto_seconds double precision,
  rpo_seconds double precision,
  findings jsonb NOT NULL DEFAULT '[]'
);
COMMENT ON COLUMN drills.readable_seconds IS 'from the start of the restore until its rows answered questions, the vector index not yet built';
COMMENT ON COLUMN drills.rto_seconds IS 'from the start of the restore until everything was there';
COMMENT ON COLUMN drills.rpo_seconds IS 'age of what the backup shows when the drill began: what would have been lost';
CREATE INDEX drills_newest ON drills (ended_at DESC);
GRANT SELECT, INSERT, DELETE ON drills TO tidemill_batch;
GRANT SELECT ON drills TO tidemill_app, tidemill_meta, tidemill_backup;
--rollback DROP TABLE drills;

-- A backup reads everything, Liquibase's own tables too: without them a restored database would not know its level.
--changeset tidemill:110-backup-role
GRANT SELECT ON ALL TABLES IN SCHEMA public TO tidemill_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO tidemill_backup;
--rollback SELECT 1;
