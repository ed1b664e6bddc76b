--liquibase formatted sql

--changeset test:index runInTransaction:false
CREATE INDEX CONCURRENTLY IF NOT EXISTS things_name ON things (name);
--rollback DROP INDEX CONCURRENTLY IF EXISTS things_name;

--changeset test:after
CREATE TABLE after_things (id integer);
--rollback DROP TABLE after_things;
