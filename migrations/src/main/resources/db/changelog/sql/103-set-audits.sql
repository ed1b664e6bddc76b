--liquibase formatted sql

-- Some texts of a live set are embedded again from time to time: that finds vectors of another model, which no count finds.
--changeset tidemill:103-set-audits
ALTER TABLE vector_sets
  ADD COLUMN audited_at timestamptz,
  ADD COLUMN audited_texts integer,
  ADD COLUMN audit_drifted integer,
  ADD COLUMN audit_lowest float8;
COMMENT ON COLUMN vector_sets.audited_at IS 'when some of its texts were last embedded again and compared';
COMMENT ON COLUMN vector_sets.audit_drifted IS 'of the audited texts, those whose vector was another one';
COMMENT ON COLUMN vector_sets.audit_lowest IS 'lowest cosine between a stored vector and its text''s';
--rollback ALTER TABLE vector_sets DROP COLUMN audited_at, DROP COLUMN audited_texts, DROP COLUMN audit_drifted, DROP COLUMN audit_lowest;
