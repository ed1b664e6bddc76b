--liquibase formatted sql

--changeset test:contract
--preconditions onFail:HALT
--precondition-sql-check expectedResult:0 SELECT count(*) FROM backfills WHERE id = '122-version-tokens' AND state = 'open'
ALTER TABLE document_versions ADD CONSTRAINT tokens_counted CHECK (tokens IS NOT NULL OR chunk_count IS NULL);
--rollback ALTER TABLE document_versions DROP CONSTRAINT tokens_counted;
