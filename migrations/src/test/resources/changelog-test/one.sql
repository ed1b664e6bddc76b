--liquibase formatted sql

--changeset test:one
CREATE TABLE one (id integer);
--rollback DROP TABLE one;
