--liquibase formatted sql

-- Vectors of every set that is complete, the project's configuration, and tables for other programs.
--changeset tidemill:129-export-parts
ALTER TABLE export_parts
  ADD COLUMN set_id bigint,
  DROP CONSTRAINT export_parts_kind_check,
  ADD CONSTRAINT export_parts_kind_check
    CHECK (kind IN ('documents', 'originals', 'vectors', 'questions', 'configuration', 'lines', 'chunks'));
COMMENT ON COLUMN export_parts.set_id IS 'of the vectors in it; null for other parts';
--rollback DELETE FROM export_parts WHERE kind IN ('configuration', 'chunks'); ALTER TABLE export_parts DROP COLUMN set_id, DROP CONSTRAINT export_parts_kind_check, ADD CONSTRAINT export_parts_kind_check CHECK (kind IN ('documents', 'originals', 'vectors', 'questions', 'lines'));
