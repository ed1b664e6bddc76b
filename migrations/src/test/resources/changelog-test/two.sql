--liquibase formatted sql

--changeset test:two
CREATE TABLE two (id integer);
--rollback DROP TABLE two;
