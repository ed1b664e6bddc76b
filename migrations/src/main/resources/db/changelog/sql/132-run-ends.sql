--liquibase formatted sql

-- When a run was over, by the clock that says from when to when versions of documents are valid. The job repository writes the time of
-- the process, which may be behind: a query as of the end of an ingest would then miss what was published last.
--changeset tidemill:132-run-ends
ALTER TABLE runs ADD COLUMN ended_at timestamptz;
COMMENT ON COLUMN runs.ended_at IS 'after its last commit, by the clock of the database; null until then and for runs of before this column';
--rollback ALTER TABLE runs DROP COLUMN ended_at;
