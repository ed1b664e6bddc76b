--liquibase formatted sql

--changeset test:once runInTransaction:false
CREATE INDEX CONCURRENTLY things_name ON things (name);
--rollback DROP INDEX CONCURRENTLY things_name;

--changeset test:twice runInTransaction:false
CREATE INDEX CONCURRENTLY IF NOT EXISTS things_name ON things (name);
ALTER TABLE things ADD COLUMN size integer;
--rollback DROP INDEX CONCURRENTLY IF EXISTS things_name;
