--liquibase formatted sql

--changeset test:things
CREATE TABLE things (name text);
--rollback DROP TABLE things;

--changeset test:indexes runInTransaction:false
CREATE INDEX CONCURRENTLY IF NOT EXISTS things_name ON things (name);
CREATE INDEX CONCURRENTLY IF NOT EXISTS things_length ON things (length(name));
--rollback DROP INDEX CONCURRENTLY IF EXISTS things_length; DROP INDEX CONCURRENTLY IF EXISTS things_name;

-- None of it can be done twice.
--changeset test:size
ALTER TABLE things ADD COLUMN size integer;
INSERT INTO things (name, size) VALUES ('one', 1);
--rollback ALTER TABLE things DROP COLUMN size; DELETE FROM things;

--changeset test:after
CREATE TABLE after_things (id integer);
--rollback DROP TABLE after_things;
