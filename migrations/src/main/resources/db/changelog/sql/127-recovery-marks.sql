--liquibase formatted sql

-- Written about once a minute while the write-ahead log is kept: a drill recovers to a point between two of them, and then all before it
-- must be there and none after it. Small, and trimmed by who writes it; of the installation, not of a workspace.
--changeset tidemill:127-recovery-marks
CREATE TABLE recovery_marks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  lsn pg_lsn NOT NULL DEFAULT pg_current_wal_insert_lsn()
);
COMMENT ON COLUMN recovery_marks.lsn IS 'position in the write-ahead log shortly before it was written';
CREATE INDEX recovery_marks_at ON recovery_marks (at);
GRANT SELECT, INSERT, DELETE ON recovery_marks TO tidemill_meta;
GRANT SELECT ON recovery_marks TO tidemill_app, tidemill_batch, tidemill_backup;
--rollback DROP TABLE recovery_marks;
